"""What a program gives, by its tree, written down from the language's page alone."""
