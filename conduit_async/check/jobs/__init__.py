"""`@async` blocks: their options, the code that they reach, and the values that they capture."""
