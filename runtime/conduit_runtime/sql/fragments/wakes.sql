pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
