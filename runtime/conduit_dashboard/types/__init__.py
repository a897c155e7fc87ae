"""The data of the pages of types and of the source: types with their activity, and their graph."""
