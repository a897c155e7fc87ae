-- Workers that listen hear of it at the commit, the others with their next beat.
SELECT CASE WHEN pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
  THEN pg_catalog.pg_notify(pg_catalog.concat('conduit_', '{jobs}'::regclass::oid), 'control') END
FROM control
