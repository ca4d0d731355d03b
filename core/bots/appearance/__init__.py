"""How a bot's chat looks: what an owner may choose, and the colors that follow from it."""
