SELECT nspname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE pg_class.oid = pg_catalog.to_regclass('{jobs}')::oid
  AND pg_catalog.to_regclass('{conduit_workers}') IS NOT NULL
