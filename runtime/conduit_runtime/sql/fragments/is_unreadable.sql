pg_catalog.strpos(fingerprint, '!') > 0
