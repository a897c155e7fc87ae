-- Blocked jobs come last: they have no place in the order of calls.
SELECT id, waits_for FROM (
  SELECT id, seq, 0 AS waits_for FROM {jobs}
  UNION ALL
  SELECT id, NULL, waits_for FROM {conduit_blocked_jobs}
) AS job
ORDER BY seq NULLS LAST, waits_for, id
