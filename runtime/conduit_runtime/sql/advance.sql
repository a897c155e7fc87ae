{conduit_advance}(pg_catalog.array_agg(id), '{}'::uuid[])
