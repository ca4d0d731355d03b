"""Provider keys in the console."""
