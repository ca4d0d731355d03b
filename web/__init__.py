"""Flask: turns requests into calls to core, and results into pages, partial pages or JSON."""
