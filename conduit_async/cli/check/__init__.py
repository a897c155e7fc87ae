"""What `conduitc check` finds in a project, and how it applies fixes."""
