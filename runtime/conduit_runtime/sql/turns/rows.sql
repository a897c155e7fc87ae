UNION ALL
SELECT locked.ctid FROM (
  SELECT pending.ctid FROM pg_catalog.unnest(%(turns)s::uuid[]) WITH ORDINALITY AS turn (id, place)
  JOIN {jobs} AS pending ON pending.id = turn.id
  WHERE pending.queue = wanted.queue AND coalesce(pending.status = 'pending', false)
    AND pg_catalog.right(pending.fingerprint, 1) <> '~' AND {claim/startable}
  ORDER BY turn.place LIMIT wanted.size
  FOR UPDATE OF pending SKIP LOCKED
) AS locked
