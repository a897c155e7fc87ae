"""What a resource declares: columns, relations, functions, scopes, rules."""
