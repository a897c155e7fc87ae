-- The sweep of expired jobs cancels them.
, released AS (
  UPDATE {jobs} AS job SET status = 'pending', {clear_claim}
  FROM locked
  WHERE job.id = locked.id AND is_expired
)
