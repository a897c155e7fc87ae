"""The list of jobs: its filter, its rows, and what is done to many jobs at once."""
