"""The outcome of a program from its tree, written from the language's page alone."""
