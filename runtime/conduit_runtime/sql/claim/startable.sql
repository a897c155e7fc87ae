-- Due, and not expired.
pending.run_at <= pg_catalog.now() AND {claim/unexpired}
