"""What each vendor says: its bodies, events, headers and errors."""
