"""Running the jobs of a test as a worker does, in a transaction of the test too."""
