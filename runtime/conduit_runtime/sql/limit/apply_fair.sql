-- A queue is fair if the live worker that started last of those that handle one of its types says so, unless
-- a command has decided.
WITH source AS MATERIALIZED (
  SELECT DISTINCT newest.limits -> named.type ->> 7 AS queue
  FROM (
    SELECT DISTINCT type FROM {conduit_workers} CROSS JOIN pg_catalog.jsonb_object_keys(limits) AS given (type)
  ) AS named
  CROSS JOIN LATERAL (
    SELECT worker.limits FROM {conduit_workers} AS worker
    WHERE worker.lanes @> pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_array(named.type, ''))
    ORDER BY worker.started_at DESC, worker.name DESC LIMIT 1
  ) AS newest
  WHERE newest.limits -> named.type ->> 7 IS NOT NULL
), lifted AS (
  UPDATE {conduit_queues} SET fair = NULL, fair_from = NULL
  WHERE fair_from = 'source' AND name <> ALL (ARRAY(SELECT queue FROM source))
  RETURNING name
), made AS (
  INSERT INTO {conduit_queues} (name, fair, fair_from)
  SELECT source.queue, true, 'source' FROM source
  WHERE NOT EXISTS (
    SELECT FROM {conduit_queues} AS known WHERE known.name = source.queue AND known.fair_from IS NOT NULL
  )
  ORDER BY source.queue
  ON CONFLICT (name) DO UPDATE SET fair = true, fair_from = 'source'
  RETURNING name
), control AS (
  TABLE lifted UNION ALL TABLE made
)
{notify_workers}
