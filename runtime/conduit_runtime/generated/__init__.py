"""What generated code imports: hooks, records, job types, services."""
