-- These jobs have a new place in the index. If they became due long ago, only a full scan finds them.
SELECT pg_catalog.pg_notify({queue_channel}, 'late')
FROM changed
WHERE run_at <= pg_catalog.now() AND {wakes}
GROUP BY queue
