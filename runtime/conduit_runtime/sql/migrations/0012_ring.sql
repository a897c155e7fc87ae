-- In two expressions instead of seven: PL/pgSQL prepares each anew in every transaction, and a row
-- costs a call.
CREATE OR REPLACE FUNCTION conduit_ring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
     AND (NEW.run_at < pg_catalog.clock_timestamp() - interval '5 seconds'
          OR NOT pg_catalog.pg_try_advisory_xact_lock_shared(
            (TG_RELID::bigint - 2147483648)::integer, pg_catalog.hashtext(NEW.queue)))
  THEN
    PERFORM pg_catalog.pg_notify(
      pg_catalog.concat('conduit_', TG_RELID, '_', pg_catalog.hashtext(NEW.queue)),
      CASE WHEN NEW.run_at < pg_catalog.clock_timestamp() - interval '5 seconds'
        THEN 'late' ELSE '' END);
  END IF;
  RETURN NULL;
END $$;
