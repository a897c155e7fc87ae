-- Our functions in the database: their text (empty if Postgres keeps them as parsed), whether they
-- run with their owner's rights, their settings, and whether everybody may call them.
SELECT proname::text, prosrc, prosecdef, coalesce(proconfig, '{}'::text[]),
       pg_catalog.has_function_privilege('public'::name, function.oid, 'EXECUTE')
FROM pg_catalog.pg_proc AS function
WHERE pronamespace = (
    SELECT relnamespace FROM pg_catalog.pg_class AS jobs
    WHERE jobs.oid = pg_catalog.to_regclass('{jobs}')::oid
  )
  AND proname::text = ANY (%(functions)s::text[])
