pending.run_at <= pg_catalog.now() AND {turns/unexpired}
