"""Orders, and the jobs about them."""
