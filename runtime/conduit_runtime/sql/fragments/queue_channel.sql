pg_catalog.concat('conduit_', '{jobs}'::pg_catalog.regclass::pg_catalog.oid, '_', pg_catalog.hashtext({queue}))
