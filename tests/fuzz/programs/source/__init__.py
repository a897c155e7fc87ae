"""The tree of a random program, the types of its parts, and its text."""
