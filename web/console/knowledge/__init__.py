"""What bots answer from."""
