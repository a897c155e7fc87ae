"""The files that bind the modules of a package together."""
