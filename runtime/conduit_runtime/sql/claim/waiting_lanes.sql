SELECT type, fingerprint,
       EXISTS (
         SELECT FROM {conduit_queues} WHERE name = %(queue)s AND concurrency IS NOT NULL
       ),
       EXISTS (SELECT FROM {conduit_rate_limits} AS rate WHERE rate.type = lane.type),
       pg_catalog.current_setting('transaction_isolation')
FROM (
  SELECT DISTINCT type, fingerprint FROM (
{waiting}
  ) AS waiting
) AS lane
WHERE NOT EXISTS (
  SELECT FROM {conduit_queues} WHERE name = %(queue)s AND paused_at IS NOT NULL
)
