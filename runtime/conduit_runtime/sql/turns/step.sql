-- The next key of a ring in a lane: one from `place` on, else one before the position where the walk began.
-- From a key with a due job the walk goes on at the next group; from another one, at the next key.
-- Expired jobs are passed over.
SELECT its.queue, its.priority, its.type, its.fingerprint, its.ring, its.wanted, its.lower, its.upper, its.position,
       CASE WHEN next.is_due AND its.ring = '' AND next.grp IS NOT NULL
         THEN pg_catalog.overlay(next.grp, '-', pg_catalog.length(next.grp))
         ELSE pg_catalog.concat(next.key, pg_catalog.chr(1)) END,
       next.is_round, next.key, next.grp, next.is_due, its.found + next.is_due::int, its.steps + 1
FROM (
  SELECT first.key, first.is_round, first.run_at <= pg_catalog.now() AS is_due, {turns/group_of} AS grp
  FROM (
    (SELECT ahead.key, ahead.run_at, false AS is_round FROM (
       SELECT pending.key, pending.run_at FROM {jobs} AS pending
       WHERE NOT its.is_round AND {turns/in_lane} AND pending.key COLLATE "C" >= its.place AND {claim/unexpired}
       ORDER BY pending.key COLLATE "C", pending.run_at, pending.seq LIMIT 1
     ) AS ahead
     WHERE its.upper IS NULL OR ahead.key COLLATE "C" < its.upper)
    UNION ALL
    (SELECT pending.key, pending.run_at, true FROM {jobs} AS pending
     WHERE {turns/in_lane} AND pending.key COLLATE "C" < its.position
       AND pending.key COLLATE "C" >= CASE WHEN its.is_round THEN its.place ELSE its.lower END
       AND {claim/unexpired}
     ORDER BY pending.key COLLATE "C", pending.run_at, pending.seq LIMIT 1)
    LIMIT 1
  ) AS first
  OFFSET 0  -- so that it is evaluated once
) AS next
