-- While another transaction holds a snapshot, workers look but seldom at all that waits. A job that
-- is committed long after its time may stand further back than the other looks go: it says so.
CREATE OR REPLACE FUNCTION conduit_ring() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  table_key CONSTANT integer := (TG_RELID::bigint - 2147483648)::integer;
  queue_key CONSTANT integer := pg_catalog.hashtext(NEW.queue);
  is_late CONSTANT boolean := NEW.run_at < pg_catalog.clock_timestamp() - interval '5 seconds';
BEGIN
  IF pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
     AND (is_late OR NOT pg_catalog.pg_try_advisory_xact_lock_shared(table_key, queue_key))
  THEN
    PERFORM pg_catalog.pg_notify(
      pg_catalog.concat('conduit_', TG_RELID, '_', queue_key), CASE WHEN is_late THEN 'late' ELSE '' END);
  END IF;
  RETURN NULL;
END $$;
