"""What operators see of a worker: counters, Prometheus, OpenTelemetry."""
