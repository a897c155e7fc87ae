-- Locks the rows of these limits in a fixed order.
SELECT 'queue' AS kind, name AS subject FROM (
  SELECT name FROM {conduit_queues} WHERE name = ANY (%(queues)s::text[])
  ORDER BY name FOR UPDATE {wait}
) AS queue
UNION ALL
SELECT 'type', type FROM (
  SELECT type FROM {conduit_type_limits} WHERE type = ANY (%(types)s::text[])
  ORDER BY type FOR UPDATE {wait}
) AS limits
{end_when_idle}
