-- Our tables in the database: their place, their storage options, and what vacuum left.
SELECT class.relname::text, nspname::text, coalesce(reloptions, '{}'::text[]),
       coalesce(n_live_tup, 0::bigint), coalesce(n_dead_tup, 0::bigint), reltuples::float8,
       extract(epoch FROM pg_catalog.now() - greatest(last_vacuum, last_autovacuum))::float8
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
LEFT JOIN pg_catalog.pg_stat_all_tables AS stats ON stats.relid = class.oid
WHERE namespace.oid = (
    SELECT relnamespace FROM pg_catalog.pg_class AS jobs
    WHERE jobs.oid = pg_catalog.to_regclass('{jobs}')::oid
  )
  AND relkind::text = 'r' AND class.relname::text = ANY (%(tables)s::text[])
ORDER BY class.relname::text
