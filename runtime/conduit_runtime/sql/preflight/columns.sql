-- The columns of the given tables, as far as these exist in this database.
SELECT wanted.name, pg_catalog.array_agg(attribute.attname::text)
FROM pg_catalog.unnest(%(tables)s::text[]) AS wanted (name)
JOIN pg_catalog.pg_attribute AS attribute
  ON attribute.attrelid = pg_catalog.to_regclass(wanted.name)
WHERE attribute.attnum > 0 AND NOT attribute.attisdropped
GROUP BY wanted.name
