"""What runs jobs: pools of workers, from the claim to the outcome."""
