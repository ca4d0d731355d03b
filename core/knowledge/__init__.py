"""What a bot answers from: read, cut into chunks, indexed, searched. Knows no bot but by its id."""
