SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE pg_class.oid = to_regclass('{jobs}') AND to_regclass('{conduit_workers}') IS NOT NULL
