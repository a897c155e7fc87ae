-- Jobs that became due long ago stand elsewhere in the index now: only a full scan finds them.
SELECT pg_catalog.pg_notify({queue_channel}, 'late')
FROM changed
WHERE run_at <= pg_catalog.now() AND {wakes}
GROUP BY queue
