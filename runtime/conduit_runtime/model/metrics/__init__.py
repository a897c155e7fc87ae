"""What is counted and measured of jobs, as numbers."""
