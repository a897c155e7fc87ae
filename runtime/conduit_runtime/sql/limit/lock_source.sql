-- One at a time applies the limits of the source, and none if there never were any.
SELECT pg_catalog.pg_advisory_xact_lock(
  '{conduit_type_limits}'::pg_catalog.regclass::pg_catalog.oid::bigint
)
WHERE EXISTS (SELECT FROM {conduit_workers} WHERE limits <> '{}')
   OR EXISTS (SELECT FROM {conduit_type_limits} WHERE 'source' IN (concurrency_from, rate_from))
