-- The privileges that workers use and that the connected role lacks.
SELECT current_user::text, relname::text, privilege
FROM pg_catalog.pg_class AS class
JOIN unnest(%(tables)s::text[], %(privileges)s::text[]) AS wanted (name, privilege)
  ON wanted.name = relname::text
WHERE relnamespace = (
    SELECT relnamespace FROM pg_catalog.pg_class AS jobs
    WHERE jobs.oid = pg_catalog.to_regclass('{jobs}')::oid
  )
  AND NOT pg_catalog.has_table_privilege(current_user, class.oid, privilege)
