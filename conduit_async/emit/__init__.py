"""A plan as files: templates write it, in black's form."""
