SELECT index.relname::text, pg_catalog.pg_get_indexdef(index.oid), indisvalid AND indisready,
       index.relpages::bigint * pg_catalog.current_setting('block_size')::bigint,
       index.reltuples::float8
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_index AS described ON described.indrelid = class.oid
JOIN pg_catalog.pg_class AS index ON index.oid = described.indexrelid
WHERE class.relnamespace = (
    SELECT relnamespace FROM pg_catalog.pg_class AS jobs
    WHERE jobs.oid = pg_catalog.to_regclass('{jobs}')::oid
  )
  AND class.relname::text = ANY (%(tables)s::text[])
