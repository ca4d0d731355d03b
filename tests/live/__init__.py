"""The product as it runs: its own processes on loopback, real HTTP, a real browser, a real model.

The tests here form one xdist group, so that one house of processes serves them all.
"""
