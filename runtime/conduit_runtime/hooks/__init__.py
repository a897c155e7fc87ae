"""Run the hooks of generated code, on the application's own connection."""
