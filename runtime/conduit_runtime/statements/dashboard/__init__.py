"""The dashboard's statements, with a module for each of its pages."""
