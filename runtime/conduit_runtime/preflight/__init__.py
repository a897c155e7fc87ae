"""Whether generated packages would run the jobs that wait in a database."""
