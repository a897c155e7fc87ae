"""The commands that serve the jobs of a database to people and programs."""
