"""The appearance of a bot's chat: the options of its owner, and the colors derived from them."""
