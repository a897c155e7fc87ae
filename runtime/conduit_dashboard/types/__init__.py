"""What the pages of types and of the source show: types with their activity, and their graph."""
