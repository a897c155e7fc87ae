-- The queues that no worker serves, each with the given types that wait there.
WITH unserved AS MATERIALIZED (
  SELECT queue FROM (
{waiting_queues}
  ) AS waiting
  WHERE NOT EXISTS (
    SELECT FROM {conduit_workers} AS worker WHERE waiting.queue = ANY (worker.queues)
  )
)
SELECT unserved.queue, pg_catalog.array_agg(DISTINCT lane.type ORDER BY lane.type)
FROM unserved
CROSS JOIN LATERAL (
{waiting}
) AS lane
WHERE lane.type = ANY (%(types)s::text[])
GROUP BY unserved.queue
