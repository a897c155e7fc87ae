SELECT relname::text, attname::text, pg_catalog.format_type(atttypid, atttypmod), attnotnull
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid
WHERE relnamespace = (
    SELECT relnamespace FROM pg_catalog.pg_class AS jobs
    WHERE jobs.oid = pg_catalog.to_regclass('{jobs}')::oid
  )
  AND relname::text = ANY (%(tables)s::text[]) AND attnum::integer > 0 AND NOT attisdropped
