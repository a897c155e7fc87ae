"""The API of applications: queues that enqueue, read and steer jobs."""
