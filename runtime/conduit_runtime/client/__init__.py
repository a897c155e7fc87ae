"""The API of applications: queues that enqueue, read and change jobs."""
