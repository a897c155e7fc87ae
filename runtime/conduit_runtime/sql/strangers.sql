-- What waits in these queues and no worker of the queue knows.
SELECT DISTINCT wanted.queue, lane.type, lane.fingerprint
FROM unnest(%(queues)s::text[]) AS wanted (queue)
CROSS JOIN LATERAL (
{waiting}
) AS lane
WHERE NOT EXISTS (
  SELECT FROM {conduit_workers} AS worker
  WHERE wanted.queue = ANY (worker.queues)
    AND worker.lanes @> jsonb_build_array(jsonb_build_array(lane.type, lane.fingerprint))
)
