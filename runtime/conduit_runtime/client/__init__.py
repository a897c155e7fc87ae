"""What an application does with jobs: the queue and its statements."""
