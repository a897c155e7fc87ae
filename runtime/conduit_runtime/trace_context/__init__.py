"""The trace context that goes with a job, from and to OpenTelemetry."""
