"""Plans the contents and the names of a package before anything is lowered."""
