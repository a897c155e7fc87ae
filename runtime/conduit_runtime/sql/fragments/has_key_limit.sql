pg_catalog.num_nonnulls(limits.key_concurrency, limits.key_starts, limits.key_order) > 0
