"""Plan, message quota and balance."""
