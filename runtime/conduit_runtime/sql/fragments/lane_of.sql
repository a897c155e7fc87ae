pg_catalog.rtrim(fingerprint, '~')
