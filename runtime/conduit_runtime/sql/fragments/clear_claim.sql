token = NULL, locked_by = NULL, locked_at = NULL, leased_until = NULL
