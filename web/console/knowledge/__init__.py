"""Knowledge in the console."""
