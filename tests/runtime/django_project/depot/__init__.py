"""An application with a model, handlers, services and tasks."""
