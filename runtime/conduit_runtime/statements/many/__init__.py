"""Changes of many jobs, a bounded number at a time."""
