"""What others see of a worker: counters, Prometheus, OpenTelemetry."""
