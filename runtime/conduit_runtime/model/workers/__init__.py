"""Workers, as operators and other workers see them."""
