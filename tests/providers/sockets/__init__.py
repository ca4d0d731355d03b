"""How it goes over the wire: the server, its connections, and the steps of an answer."""
