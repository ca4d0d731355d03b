"""How a request proves who sends it: keys in headers, AWS signatures."""
