SELECT type, fingerprint,
       EXISTS (
         SELECT FROM {conduit_queues} WHERE name = %(queue)s AND concurrency IS NOT NULL
       ),
       EXISTS (
         SELECT FROM {conduit_type_limits} AS limits
         WHERE limits.type = lane.type AND (limits.concurrency IS NOT NULL OR limits.starts IS NOT NULL)
       ),
       pg_catalog.current_setting('transaction_isolation')
FROM (
  SELECT DISTINCT type, fingerprint FROM (
{waiting}
  ) AS waiting
) AS lane
WHERE NOT EXISTS (
  SELECT FROM {conduit_queues} WHERE name = %(queue)s AND paused_at IS NOT NULL
)
