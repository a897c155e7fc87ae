-- Workers that listen hear of it at the commit, the others with their next beat.
SELECT CASE WHEN current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
  THEN pg_notify(concat('conduit_', '{jobs}'::regclass::oid), 'control') END
FROM control
