-- What a transaction has to do for an idle worker costs a single enqueue a fifth of its time in the
-- server, of which most is not the bell: a trigger's condition is parsed by every statement, an
-- expression of PL/pgSQL prepared in every transaction. So the condition is one column, the function
-- one expression where nobody is idle, and a statement that is its own transaction asks by itself.
ALTER TABLE jobs ADD COLUMN rings boolean NOT NULL DEFAULT true;

COMMENT ON COLUMN jobs.rings IS 'whether the commit of the new row is to look for an idle worker; false when its statement found none';

CREATE OR REPLACE FUNCTION conduit_ring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'pending' AND NEW.run_at <= pg_catalog.now() + interval '2 seconds'
     AND pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
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

DROP TRIGGER conduit_ring ON jobs;

CREATE CONSTRAINT TRIGGER conduit_ring AFTER INSERT ON jobs
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.rings)
  EXECUTE FUNCTION conduit_ring();
