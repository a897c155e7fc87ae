"""Helpers of lowering for Python: types, branches, nesting."""
