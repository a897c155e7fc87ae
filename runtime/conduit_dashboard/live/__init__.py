"""Pages that change while they are watched."""
