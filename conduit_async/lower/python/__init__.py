"""What lowering does with pieces of Python: types, branches, what nests too deep."""
