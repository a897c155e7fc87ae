"""A plan as files: templates place what was decided, as black would lay it out."""
