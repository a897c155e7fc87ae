"""Describes job types for those that have no code of them: what workers store of them."""
