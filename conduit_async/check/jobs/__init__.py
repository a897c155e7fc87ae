"""`@async` blocks: their options, what they reach, and what each captures."""
