"""A worker that gets its jobs from a broker, and publishes their outcomes."""
