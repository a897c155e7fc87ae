SELECT DISTINCT wanted.queue, lane.type, lane.fingerprint
FROM pg_catalog.unnest(%(queues)s::text[]) AS wanted (queue)
CROSS JOIN LATERAL (
{waiting}
) AS lane
WHERE NOT EXISTS (
  SELECT FROM {conduit_workers} AS worker
  WHERE wanted.queue = ANY (worker.queues)
    AND worker.lanes @> pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_array(lane.type, lane.fingerprint))
)
