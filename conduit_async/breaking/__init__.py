"""What a change of the sources means for jobs that wait: who may be deployed first."""
