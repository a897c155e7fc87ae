"""Questions about syntax trees that several phases ask."""
