"""What is said to people and programs outside, by mail and webhook: kept until it has arrived."""
