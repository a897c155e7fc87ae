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

-- Of these jobs, those that have ended let go of what waits for them: it becomes a job when nothing
-- is left to wait for, and a cancelled one when what it waited for did not succeed and it asks for
-- that; and so on with what waits for the cancelled. `dropped` are waiting ones to cancel anyway.
CREATE FUNCTION conduit_advance(ended uuid[], dropped uuid[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  past     uuid[] := ended;
  gone     uuid[] := dropped;
  released uuid[];
  reason   text;
BEGIN
  LOOP
    -- In one order, so that two who end jobs of the same flows do not wait for each other.
    PERFORM FROM conduit_waiting
    WHERE id IN (SELECT next FROM conduit_links WHERE job = ANY (past))
    ORDER BY id
    FOR UPDATE;
    WITH cut AS (
      DELETE FROM conduit_links AS link
      WHERE job = ANY (past)
        AND NOT EXISTS (
          SELECT FROM jobs WHERE id = link.job AND status IN ('pending', 'running'))
        AND NOT EXISTS (SELECT FROM conduit_waiting WHERE id = link.job)
      RETURNING next, EXISTS (
        SELECT FROM jobs WHERE id = link.job AND status = 'completed') AS succeeded
    ), ends AS (
      SELECT next, count(*)::integer AS count, bool_and(succeeded) AS succeeded
      FROM cut GROUP BY next
    ), counted AS (
      UPDATE conduit_waiting AS waiting SET waits_for = waits_for - ends.count
      FROM ends
      WHERE waiting.id = ends.next
      RETURNING id, waits_for, on_failure = 'cancel' AND NOT succeeded AS is_gone
    )
    SELECT gone || coalesce(array_agg(id) FILTER (WHERE is_gone), '{}'),
           coalesce(array_agg(id) FILTER (WHERE NOT is_gone AND waits_for = 0), '{}')
    INTO gone, released
    FROM counted;
    EXIT WHEN gone = '{}' AND released = '{}';
    WITH left_behind AS (
      DELETE FROM conduit_waiting WHERE id = ANY (released || gone) RETURNING *
    )
    INSERT INTO jobs (id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout,
                      created_at, run_at, status, completed_at, error)
    SELECT id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout,
           created_at, coalesce(run_at, now()) + make_interval(secs => delay),
           CASE WHEN id = ANY (gone) THEN 'cancelled' ELSE 'pending' END,
           CASE WHEN id = ANY (gone) THEN now() END,
           CASE WHEN id = ANY (gone) THEN reason END
    FROM left_behind
    ORDER BY id;
    past := gone;
    gone := '{}';
    reason := 'what it waited for did not succeed';
  END LOOP;
END $$;

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
  EXECUTE format('ALTER FUNCTION conduit_advance(uuid[], uuid[]) SET search_path = %I, pg_temp',
                 current_schema());
  EXECUTE format('ALTER FUNCTION conduit_cancel(uuid) SET search_path = %I, pg_temp',
                 current_schema());
END $$;
