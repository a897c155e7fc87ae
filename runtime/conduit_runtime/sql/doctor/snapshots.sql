-- What keeps vacuum from removing dead rows: sessions, prepared transactions, replication slots; and
-- whether the role sees the sessions of others.
SELECT 'session', pid::text, pg_catalog.concat_ws(', ', usename::text, application_name, state),
       extract(epoch FROM pg_catalog.clock_timestamp() - xact_start)::float8
FROM pg_catalog.pg_stat_activity
WHERE datname::text = pg_catalog.current_database()::text AND pid <> pg_catalog.pg_backend_pid()
  AND backend_type = 'client backend'
  AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
  AND xact_start < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(seconds)s)
UNION ALL
SELECT 'prepared transaction', gid, owner::text,
       extract(epoch FROM pg_catalog.clock_timestamp() - prepared)::float8
FROM pg_catalog.pg_prepared_xacts
WHERE database::text = pg_catalog.current_database()::text
  AND prepared < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(seconds)s)
UNION ALL
SELECT 'replication slot', slot_name::text, slot_type, NULL::float8
FROM pg_catalog.pg_replication_slots
WHERE NOT active
UNION ALL
SELECT 'hidden', '', '', NULL::float8
WHERE NOT pg_catalog.pg_has_role(current_user, 'pg_read_all_stats'::name, 'USAGE')
