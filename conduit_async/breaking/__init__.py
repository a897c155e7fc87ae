"""What a change of the sources means for waiting jobs, and which part to deploy first."""
