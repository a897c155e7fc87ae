SELECT pg_catalog.current_setting('server_version_num')::integer,
       pg_catalog.pg_is_in_recovery(),
       extract(epoch FROM pg_catalog.clock_timestamp())::float8,
       pg_catalog.current_setting('autovacuum')::boolean
         AND pg_catalog.current_setting('track_counts')::boolean
