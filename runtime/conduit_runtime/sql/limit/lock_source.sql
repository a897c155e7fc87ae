-- Lets one worker at a time apply the limits of the source. Takes no lock if there never were any.
SELECT pg_catalog.pg_advisory_xact_lock(
  '{conduit_type_limits}'::pg_catalog.regclass::pg_catalog.oid::bigint
)
WHERE EXISTS (SELECT FROM {conduit_workers} WHERE limits <> '{}')
   OR EXISTS (SELECT FROM {conduit_type_limits} WHERE 'source' IN (concurrency_from, rate_from, key_concurrency_from, key_rate_from)
      OR key_order IS NOT NULL)
   OR EXISTS (SELECT FROM {conduit_queues} WHERE fair_from = 'source')
