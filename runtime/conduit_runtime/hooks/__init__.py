"""What the hooks of generated code run in, on the application's own connection."""
