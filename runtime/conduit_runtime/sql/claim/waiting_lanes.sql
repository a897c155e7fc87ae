SELECT type, fingerprint,
       EXISTS (
         SELECT FROM {conduit_queues} WHERE name = %(queue)s AND {has_queue_limit}
       ),
       EXISTS (
         SELECT FROM {conduit_type_limits} AS limits
         WHERE limits.type = lane.type AND {has_type_limit}
       ),
       pg_catalog.current_setting('transaction_isolation'),
       any_parked AND NOT EXISTS (
         SELECT FROM {conduit_queues} WHERE name = %(queue)s AND key_concurrency IS NOT NULL
       ) AND NOT EXISTS (
         SELECT FROM {conduit_type_limits} AS limits
         WHERE limits.type = lane.type AND {has_key_limit}
       )
FROM (
  SELECT type, {lane_of} AS fingerprint,
         pg_catalog.bool_or(pg_catalog.right(fingerprint, 1) = '~') AS any_parked
  FROM (
{waiting}
  ) AS waiting
  GROUP BY 1, 2
) AS lane
WHERE NOT EXISTS (
  SELECT FROM {conduit_queues} WHERE name = %(queue)s AND paused_at IS NOT NULL
)
