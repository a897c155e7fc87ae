UPDATE {jobs}
SET status = 'cancelled', completed_at = now(), token = NULL,
    locked_by = NULL, locked_at = NULL, leased_until = NULL
WHERE id = %(id)s AND status IN ('pending', 'running')
