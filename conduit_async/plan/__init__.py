"""What a package consists of and what its names are, settled before anything is lowered."""
