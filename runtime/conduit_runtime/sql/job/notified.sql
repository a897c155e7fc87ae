notified AS MATERIALIZED (
  -- So that a worker that holds one of these jobs does not start it.
  SELECT pg_catalog.pg_notify({control_channel}, 'control')
  FROM mine
  WHERE status = 'running'
    AND {wakes}
  LIMIT 1
)
