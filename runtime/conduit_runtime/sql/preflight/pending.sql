-- The pending jobs of each lane, due and future jobs apart: their number, whether counting stopped
-- at that number, the age of the first in seconds, and the ids of a few of the first and the last.
WITH queues AS MATERIALIZED (
{waiting_queues}
), lanes AS MATERIALIZED (
  SELECT queues.queue, lane.priority, lane.type, lane.fingerprint
  FROM queues
  CROSS JOIN LATERAL (
{waiting}
  ) AS lane
), most AS MATERIALIZED (
  SELECT CASE WHEN %(most)s::bigint IS NOT NULL
    THEN greatest(100, %(most)s::bigint / greatest(1, pg_catalog.count(*))) END AS jobs
  FROM lanes
)
SELECT lanes.queue, lanes.type, lanes.fingerprint, part.status,
       counted.jobs, coalesce(counted.jobs = most.jobs, false),
       extract(epoch FROM pg_catalog.now() - sample.since)::float8, sample.ids
FROM lanes
CROSS JOIN most
CROSS JOIN (
  VALUES ('pending', '-infinity'::timestamptz, pg_catalog.now()),
         ('scheduled', pg_catalog.now(), 'infinity'::timestamptz)
) AS part (status, after, until)
CROSS JOIN LATERAL (
  SELECT pg_catalog.count(*) AS jobs FROM (
    SELECT FROM {jobs} AS job WHERE {preflight/in_part} LIMIT most.jobs
  ) AS found
) AS counted
CROSS JOIN LATERAL (
  SELECT pg_catalog.min(least(created_at, run_at)) AS since, pg_catalog.array_agg(DISTINCT id) AS ids
  FROM (
    (SELECT id, created_at, run_at FROM {jobs} AS job WHERE {preflight/in_part}
     ORDER BY run_at, seq LIMIT %(sample)s)
    UNION ALL
    (SELECT id, created_at, run_at FROM {jobs} AS job WHERE {preflight/in_part}
     ORDER BY run_at DESC, seq DESC LIMIT %(sample)s)
  ) AS found
) AS sample
WHERE counted.jobs > 0
