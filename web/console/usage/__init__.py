"""Usage: tokens and costs."""
