"""Usage: answers and tokens per day, counted in the transaction that ends the answer."""
