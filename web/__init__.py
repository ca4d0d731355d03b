"""Flask: a request becomes a call into core, its answer a page, a piece or JSON."""
