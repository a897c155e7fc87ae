(SELECT pg_catalog.count(*) FROM {enqueue})
