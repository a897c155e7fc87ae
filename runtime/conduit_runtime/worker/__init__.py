"""A pool of workers: it claims jobs, runs them and writes their outcomes."""
