SELECT tgname::text, tgenabled::text = ANY (ARRAY['O', 'A'])
FROM pg_catalog.pg_trigger
WHERE tgrelid = pg_catalog.to_regclass('{jobs}')::oid AND NOT tgisinternal
