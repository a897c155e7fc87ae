-- Deletes the rows that nothing sets any more, and the starts of types without a rate.
WITH forgotten AS (
  DELETE FROM {conduit_type_limits} WHERE pg_catalog.num_nonnulls(
    concurrency_from, rate_from, key_concurrency_from, key_rate_from, key_order) = 0
)
DELETE FROM {conduit_rate_usage} AS start
WHERE NOT EXISTS (
  SELECT FROM {conduit_type_limits} AS rate WHERE rate.type = start.type AND rate.starts IS NOT NULL
)
