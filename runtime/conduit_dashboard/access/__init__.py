"""Who may see and do what, and which requests are refused."""
