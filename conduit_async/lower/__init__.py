"""From a checked program to the Python that it becomes."""
