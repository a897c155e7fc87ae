SELECT type, fingerprint,
       EXISTS (
         SELECT FROM {conduit_queues} WHERE name = %(queue)s AND {has_queue_limit}
       ),
       EXISTS (
         SELECT FROM {conduit_type_limits} AS limits
         WHERE limits.type = lane.type AND {has_type_limit}
       ),
       pg_catalog.current_setting('transaction_isolation')
FROM (
  SELECT DISTINCT type, {lane_of} AS fingerprint FROM (
{waiting}
  ) AS waiting
) AS lane
WHERE NOT EXISTS (
  SELECT FROM {conduit_queues} WHERE name = %(queue)s AND paused_at IS NOT NULL
)
