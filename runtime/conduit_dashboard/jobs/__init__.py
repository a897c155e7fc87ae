"""The list of jobs: its filter, its rows, and actions on many jobs at once."""
