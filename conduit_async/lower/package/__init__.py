"""What the functions of a module share: names, rows, the functions to write."""
