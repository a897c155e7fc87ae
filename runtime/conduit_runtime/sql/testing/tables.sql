-- The application's tables, with quotes where they need them.
SELECT class.oid::pg_catalog.regclass::text
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.relkind = 'r' AND class.oid <> '{jobs}'::pg_catalog.regclass
  AND namespace.nspname <> 'information_schema'
  AND NOT pg_catalog.starts_with(namespace.nspname::text, 'pg_')
  AND NOT pg_catalog.starts_with(class.relname::text, 'conduit_')
  AND pg_catalog.has_table_privilege(class.oid, 'SELECT')
ORDER BY 1
