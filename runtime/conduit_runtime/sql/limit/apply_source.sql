-- The limits of a type come from the live worker that handles it and started last, unless a command
-- has set others. A type without such a worker keeps its limits while some of its starts count, so
-- that a rate holds across a restart of all workers.
WITH source AS MATERIALIZED (
  SELECT candidate.type,
         (newest.limits -> candidate.type ->> 0)::integer AS concurrency,
         (newest.limits -> candidate.type ->> 1)::integer AS starts,
         (newest.limits -> candidate.type ->> 2)::float8 AS seconds,
         (newest.limits -> candidate.type ->> 3)::integer AS key_concurrency,
         (newest.limits -> candidate.type ->> 4)::integer AS key_starts,
         (newest.limits -> candidate.type ->> 5)::float8 AS key_seconds,
         newest.limits -> candidate.type ->> 6 AS key_order
  FROM (
    SELECT named.type FROM {conduit_workers} CROSS JOIN pg_catalog.jsonb_object_keys(limits) AS named (type)
    UNION
    SELECT type FROM {conduit_type_limits} WHERE 'source' IN (concurrency_from, rate_from, key_concurrency_from, key_rate_from)
      OR key_order IS NOT NULL
  ) AS candidate
  LEFT JOIN LATERAL (
    SELECT worker.limits FROM {conduit_workers} AS worker
    WHERE worker.lanes @> pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_array(candidate.type, ''))
    ORDER BY worker.started_at DESC, worker.name DESC LIMIT 1
  ) AS newest ON true
  WHERE newest.limits IS NOT NULL OR NOT EXISTS (
    SELECT FROM {conduit_rate_usage} AS start JOIN {conduit_type_limits} AS rate ON rate.type = start.type
    WHERE start.type = candidate.type
      AND start.until > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => {rate_window})
  ) AND NOT EXISTS (
    SELECT FROM {conduit_key_usage} AS start
    WHERE start.type = candidate.type AND start.kept_until > pg_catalog.clock_timestamp()
  )
), control AS (
  INSERT INTO {conduit_type_limits} AS limits (
    type, concurrency, concurrency_from, starts, seconds, rate_from,
    key_concurrency, key_concurrency_from, key_starts, key_seconds, key_rate_from, key_order)
  SELECT source.type,
         source.concurrency, CASE WHEN source.concurrency IS NOT NULL THEN 'source' END,
         source.starts, source.seconds, CASE WHEN source.starts IS NOT NULL THEN 'source' END,
         source.key_concurrency, CASE WHEN source.key_concurrency IS NOT NULL THEN 'source' END,
         source.key_starts, source.key_seconds, CASE WHEN source.key_starts IS NOT NULL THEN 'source' END,
         source.key_order
  FROM source LEFT JOIN {conduit_type_limits} AS known ON known.type = source.type
  WHERE known.concurrency_from IS DISTINCT FROM 'command'
      AND known.concurrency IS DISTINCT FROM source.concurrency
    OR known.rate_from IS DISTINCT FROM 'command'
      AND (known.starts IS DISTINCT FROM source.starts OR known.seconds IS DISTINCT FROM source.seconds)
    OR known.key_concurrency_from IS DISTINCT FROM 'command'
      AND known.key_concurrency IS DISTINCT FROM source.key_concurrency
    OR known.key_rate_from IS DISTINCT FROM 'command'
      AND (known.key_starts IS DISTINCT FROM source.key_starts
        OR known.key_seconds IS DISTINCT FROM source.key_seconds)
    OR known.key_order IS DISTINCT FROM source.key_order
  ORDER BY source.type
  ON CONFLICT (type) DO UPDATE
  SET concurrency = CASE WHEN limits.concurrency_from = 'command' THEN limits.concurrency ELSE excluded.concurrency END,
      concurrency_from = CASE WHEN limits.concurrency_from = 'command' THEN 'command' ELSE excluded.concurrency_from END,
      starts = CASE WHEN limits.rate_from = 'command' THEN limits.starts ELSE excluded.starts END,
      seconds = CASE WHEN limits.rate_from = 'command' THEN limits.seconds ELSE excluded.seconds END,
      rate_from = CASE WHEN limits.rate_from = 'command' THEN 'command' ELSE excluded.rate_from END,
      key_concurrency = CASE WHEN limits.key_concurrency_from = 'command' THEN limits.key_concurrency
        ELSE excluded.key_concurrency END,
      key_concurrency_from = CASE WHEN limits.key_concurrency_from = 'command' THEN 'command'
        ELSE excluded.key_concurrency_from END,
      key_starts = CASE WHEN limits.key_rate_from = 'command' THEN limits.key_starts ELSE excluded.key_starts END,
      key_seconds = CASE WHEN limits.key_rate_from = 'command' THEN limits.key_seconds ELSE excluded.key_seconds END,
      key_rate_from = CASE WHEN limits.key_rate_from = 'command' THEN 'command' ELSE excluded.key_rate_from END,
      key_order = excluded.key_order
  RETURNING limits.type
)
{notify_workers}
