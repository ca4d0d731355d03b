"""The product as it runs: its own processes on loopback, real HTTP, a real browser, a real model.

Who uses the same house is in one xdist group: `live` is conftest.py's, `sdks` a second one with the real model.
What starts a product of its own is in `products`, or alone. A group runs in one process, beside the others.
"""
