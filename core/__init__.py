"""The product in plain Python. Nothing here knows an HTTP request or a page."""
