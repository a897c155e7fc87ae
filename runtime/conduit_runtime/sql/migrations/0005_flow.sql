ALTER TABLE jobs ADD COLUMN flow uuid;

COMMENT ON COLUMN jobs.flow IS 'the chain or group that the job is part of: others may wait for it';

CREATE TABLE conduit_waiting (
  id           uuid        PRIMARY KEY,
  flow         uuid        NOT NULL,
  queue        text        NOT NULL,
  type         text        NOT NULL,
  fingerprint  text        NOT NULL,
  payload      jsonb       NOT NULL,
  priority     integer     NOT NULL,
  max_attempts integer     NOT NULL,
  timeout      float8,
  run_at       timestamptz,
  delay        float8      NOT NULL,
  waits_for    integer     NOT NULL CHECK (waits_for >= 0),
  on_failure   text        NOT NULL CHECK (on_failure IN ('cancel', 'continue')),
  created_at   timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_waiting IS 'jobs that are none yet: they wait for others of their flow';
COMMENT ON COLUMN conduit_waiting.delay IS 'seconds between the end of the last of those and its start';
COMMENT ON COLUMN conduit_waiting.waits_for IS 'how many jobs must end first; each has a row in conduit_links';

CREATE TABLE conduit_links (
  job  uuid NOT NULL,
  next uuid NOT NULL,
  PRIMARY KEY (job, next)
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_links IS 'next waits for job; the row goes when job ends';

-- include conduit_advance

-- Looks into both tables one after the other, so that a job that moves between them is not missed.
CREATE FUNCTION conduit_cancel(wanted uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  its_flow uuid;
BEGIN
  PERFORM FROM conduit_waiting WHERE id = wanted FOR UPDATE;
  IF FOUND THEN
    PERFORM conduit_advance('{}', ARRAY[wanted]);
    RETURN true;
  END IF;
  UPDATE jobs
  SET status = 'cancelled', completed_at = now(), token = NULL,
      locked_by = NULL, locked_at = NULL, leased_until = NULL
  WHERE id = wanted AND status IN ('pending', 'running')
  RETURNING flow INTO its_flow;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF its_flow IS NOT NULL THEN
    PERFORM conduit_advance(ARRAY[wanted]);
  END IF;
  RETURN true;
END $$;

DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION conduit_cancel(uuid) SET search_path = %I, pg_temp',
                 current_schema());
END $$;
