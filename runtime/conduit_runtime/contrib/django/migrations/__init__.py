"""Django's record of our tables: a file for each migration of the runtime."""
