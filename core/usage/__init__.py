"""What was used: answers and tokens by day, counted with the answer that they belong to."""
