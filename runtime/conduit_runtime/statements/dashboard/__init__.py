"""What the dashboard asks the database, a module for each of its pages."""
