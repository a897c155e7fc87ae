UPDATE {jobs} AS job
SET status = 'running', token = %(token)s, locked_by = %(worker)s, locked_at = pg_catalog.now(),
    refusals = NULL, {lease}
WHERE ctid = ANY ({rows})
RETURNING {returning}, job.token = %(token)s AS is_claimed
