pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to({pattern}, 'UTF8')), 'hex'), 16)
