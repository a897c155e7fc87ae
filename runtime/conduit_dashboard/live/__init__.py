"""Pages that change while they are watched: one hub renders them for all viewers."""
