-- A UUID of version 7, as the client makes them: new rows lie together in the index.
CREATE FUNCTION conduit_new_id() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE BEGIN ATOMIC
  SELECT pg_catalog.encode(
    pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.overlay(
      pg_catalog.uuid_send(pg_catalog.gen_random_uuid()),
      pg_catalog.substring(pg_catalog.int8send(
        (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000::numeric)::bigint), 3),
      1, 6), 52, 1), 53, 1), 'hex')::uuid;
END;

CREATE TABLE jobs (
  id           uuid        PRIMARY KEY DEFAULT conduit_new_id(),
  seq          bigint      GENERATED ALWAYS AS IDENTITY,
  queue        text        NOT NULL DEFAULT 'default'
               CHECK (pg_catalog.octet_length(queue) BETWEEN 1 AND 200),
  type         text        NOT NULL CHECK (pg_catalog.octet_length(type) BETWEEN 1 AND 200),
  fingerprint  text        NOT NULL DEFAULT '',
  payload      jsonb       NOT NULL DEFAULT '{}',
  status       text        NOT NULL DEFAULT 'pending'
               CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
  priority     integer     NOT NULL DEFAULT 50 CHECK (priority BETWEEN 0 AND 100),
  attempts     integer     NOT NULL DEFAULT 0,
  max_attempts integer     NOT NULL DEFAULT 3,
  rescues      integer     NOT NULL DEFAULT 0,
  error        text,
  errors       jsonb,
  progress     jsonb,
  timeout      float8,
  created_at   timestamptz NOT NULL DEFAULT pg_catalog.now(),
  run_at       timestamptz NOT NULL DEFAULT pg_catalog.now() CHECK (pg_catalog.isfinite(run_at)),
  started_at   timestamptz,
  start_written boolean,
  completed_at timestamptz,
  locked_by    text,
  locked_at    timestamptz,
  leased_until timestamptz,
  token        uuid,
  flow         uuid,
  trace        jsonb,
  rings        boolean     NOT NULL DEFAULT true
) WITH (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.02,
  autovacuum_vacuum_cost_delay = 0
);

COMMENT ON COLUMN jobs.seq IS 'call order within a connection; settles ties of priority and run_at';
COMMENT ON COLUMN jobs.fingerprint IS 'names and kinds of the payload''s fields; empty: matched by type alone';
COMMENT ON COLUMN jobs.rescues IS 'how often a worker died while it held the job';
COMMENT ON COLUMN jobs.errors IS 'one entry a failed attempt: attempt, at, error, traceback';
COMMENT ON COLUMN jobs.timeout IS 'seconds that one attempt may take';
COMMENT ON COLUMN jobs.start_written IS 'whether attempts and started_at are those of the current claim; each claim clears it';
COMMENT ON COLUMN jobs.leased_until IS 'set by dequeue(): the claim lapses then; workers prove that they live instead';
COMMENT ON COLUMN jobs.token IS 'drawn anew by every claim; each outcome names it';
COMMENT ON COLUMN jobs.flow IS 'the chain or group that the job is part of: others may wait for it';
COMMENT ON COLUMN jobs.trace IS 'trace context of what enqueued the job, as headers (traceparent, …)';
COMMENT ON COLUMN jobs.rings IS 'whether the commit of the new row looks for an idle worker; false: its statement found none';

CREATE INDEX jobs_claim ON jobs (queue, priority DESC, type, fingerprint, run_at, seq)
  WHERE status = 'pending';
CREATE INDEX jobs_running ON jobs (locked_by) WHERE status = 'running';
CREATE INDEX jobs_failed ON jobs (id) WHERE status = 'failed';

CREATE TABLE conduit_workers (
  name       text        PRIMARY KEY,
  lock_key   bigint,
  beat       bigint      NOT NULL DEFAULT 0,
  host       text        NOT NULL,
  pid        integer     NOT NULL,
  queues     text[]      NOT NULL,
  lanes      jsonb       NOT NULL,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  seen_at    timestamptz NOT NULL DEFAULT pg_catalog.now()
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON COLUMN conduit_workers.lock_key IS 'advisory lock that the worker''s session holds while it lives; none behind a pooler';
COMMENT ON COLUMN conduit_workers.beat IS 'moves every second while the worker lives';

-- An idle worker holds the idle lock of its queue exclusively; only then does a commit pay for a
-- NOTIFY. The shared lock is kept until the commit is visible, so a worker that takes the idle lock
-- and then looks once more misses nothing. While another transaction holds a snapshot, workers scan
-- all pending jobs but rarely: a job that is committed long after its time says so ('late').
-- The condition of the trigger is a column, since it is evaluated for every row. The function runs
-- with the search path of whoever enqueues, and a path of its own would cost more than it does.
CREATE FUNCTION conduit_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.status OPERATOR(pg_catalog.=) 'pending'::pg_catalog.text)
     AND (NEW.run_at OPERATOR(pg_catalog.<=)
          (pg_catalog.now() OPERATOR(pg_catalog.+) interval '2 seconds'))
     AND (coalesce(pg_catalog.current_setting('conduit.wake', true), '')
          OPERATOR(pg_catalog.<>) 'off'::pg_catalog.text)
     AND ((NEW.run_at OPERATOR(pg_catalog.<)
           (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) interval '5 seconds'))
          OR NOT pg_catalog.pg_try_advisory_xact_lock_shared(
            (TG_RELID::bigint OPERATOR(pg_catalog.-) 2147483648)::integer,
            pg_catalog.hashtext(NEW.queue)))
  THEN
    PERFORM pg_catalog.pg_notify(
      pg_catalog.concat('conduit_', TG_RELID, '_', pg_catalog.hashtext(NEW.queue)),
      CASE WHEN NEW.run_at OPERATOR(pg_catalog.<)
             (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) interval '5 seconds')
        THEN 'late' ELSE '' END);
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER conduit_notify AFTER INSERT ON jobs
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.rings)
  EXECUTE FUNCTION conduit_notify();

CREATE TABLE conduit_unique_keys (
  type       text        NOT NULL,
  key        text        NOT NULL,
  job        uuid        NOT NULL,
  expires_at timestamptz,
  PRIMARY KEY (type, key)
) WITH (
  fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05
);

COMMENT ON TABLE conduit_unique_keys IS 'the existing job of a key; no other of its type with that key is enqueued meanwhile';
COMMENT ON COLUMN conduit_unique_keys.expires_at IS 'until when the key is held; NULL: until its job ended';

CREATE TABLE conduit_blocked_jobs (
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
  created_at   timestamptz NOT NULL DEFAULT pg_catalog.now(),
  trace        jsonb
) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_blocked_jobs IS 'jobs that are none yet: they wait for others of their flow';
COMMENT ON COLUMN conduit_blocked_jobs.delay IS 'seconds between the end of the last of those and its start';
COMMENT ON COLUMN conduit_blocked_jobs.waits_for IS 'how many jobs must end first; each has a row in conduit_dependencies';

CREATE TABLE conduit_dependencies (
  job     uuid    NOT NULL,
  next    uuid    NOT NULL,
  watched boolean NOT NULL DEFAULT false,
  PRIMARY KEY (job, next)
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_dependencies IS 'next waits for job; the row goes when job ends';
COMMENT ON COLUMN conduit_dependencies.watched IS 'job is not of the flow, so what ends it does not know of next: workers look';

CREATE INDEX conduit_dependencies_watched ON conduit_dependencies (job) WHERE watched;

-- Of these jobs, those that have ended let go of what waits for them: it becomes a job when nothing
-- is left to wait for, and a cancelled one when what it waited for did not succeed and it asks for
-- that; and so on with what waits for the cancelled. `dropped` are waiting ones to cancel anyway.
CREATE FUNCTION conduit_advance(ended uuid[], dropped uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  past     uuid[] := ended;
  gone     uuid[] := dropped;
  released uuid[];
BEGIN
  LOOP
    -- In one order, so that two who end jobs of the same flows do not wait for each other.
    PERFORM FROM conduit_blocked_jobs
    WHERE id IN (SELECT next FROM conduit_dependencies WHERE job = ANY (past))
    ORDER BY id
    FOR UPDATE;
    WITH cut AS (
      DELETE FROM conduit_dependencies AS link
      WHERE job = ANY (past)
        AND NOT EXISTS (
          SELECT FROM jobs WHERE id = link.job AND status IN ('pending', 'running'))
        AND NOT EXISTS (SELECT FROM conduit_blocked_jobs WHERE id = link.job)
      RETURNING next, EXISTS (
        SELECT FROM jobs WHERE id = link.job AND status = 'completed') AS succeeded
    ), ends AS (
      SELECT next, pg_catalog.count(*)::integer AS count, pg_catalog.bool_and(succeeded) AS succeeded
      FROM cut GROUP BY next
    ), counted AS (
      UPDATE conduit_blocked_jobs AS waiting SET waits_for = waits_for - ends.count
      FROM ends
      WHERE waiting.id = ends.next
      RETURNING id, waits_for, on_failure = 'cancel' AND NOT succeeded AS is_gone
    )
    SELECT pg_catalog.array_cat(gone, pg_catalog.array_agg(id) FILTER (WHERE is_gone)),
           coalesce(pg_catalog.array_agg(id) FILTER (WHERE NOT is_gone AND waits_for = 0), '{}')
    INTO gone, released
    FROM counted;
    EXIT WHEN pg_catalog.cardinality(gone) = 0 AND pg_catalog.cardinality(released) = 0;
    WITH left_behind AS (
      DELETE FROM conduit_blocked_jobs WHERE id = ANY (pg_catalog.array_cat(released, gone)) RETURNING *
    )
    INSERT INTO jobs (id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout,
                      trace, created_at, run_at, status, completed_at, error)
    SELECT id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout,
           trace, created_at, coalesce(run_at, pg_catalog.now()) + pg_catalog.make_interval(secs => delay),
           CASE WHEN id = ANY (gone) THEN 'cancelled' ELSE 'pending' END,
           CASE WHEN id = ANY (gone) THEN pg_catalog.now() END,
           CASE WHEN id = ANY (gone) AND id <> ALL (dropped)
             THEN 'what it waited for did not succeed' END
    FROM left_behind
    ORDER BY id;
    past := gone;
    gone := '{}';
  END LOOP;
END $$;

DO $$
BEGIN
  EXECUTE pg_catalog.format('ALTER FUNCTION conduit_advance(uuid[], uuid[]) SET search_path = pg_catalog, %I, pg_temp',
                 pg_catalog.current_schema());
END $$;

-- Looks into both tables one after the other, so that a job that moves between them is not missed.
CREATE FUNCTION conduit_cancel(wanted uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  its_flow uuid;
BEGIN
  PERFORM FROM conduit_blocked_jobs WHERE id = wanted FOR UPDATE;
  IF FOUND THEN
    PERFORM conduit_advance('{}'::uuid[], ARRAY[wanted]);
    RETURN true;
  END IF;
  UPDATE jobs
  SET status = 'cancelled', completed_at = pg_catalog.now(), token = NULL,
      locked_by = NULL, locked_at = NULL, leased_until = NULL
  WHERE id = wanted AND status IN ('pending', 'running')
  RETURNING flow INTO its_flow;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF its_flow IS NOT NULL THEN
    PERFORM conduit_advance(ARRAY[wanted], '{}'::uuid[]);
  END IF;
  RETURN true;
END $$;

DO $$
BEGIN
  EXECUTE pg_catalog.format('ALTER FUNCTION conduit_cancel(uuid) SET search_path = pg_catalog, %I, pg_temp',
                 pg_catalog.current_schema());
END $$;

-- Whether the job of a key is still pending, running or blocked, or the key has not expired.
-- Volatile, so that it sees what was committed while an enqueue waited for the key. With its owner's
-- rights, so that a role that may only enqueue need not read jobs.
CREATE FUNCTION conduit_key_is_held(job uuid, expires_at timestamptz) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER BEGIN ATOMIC
  SELECT CASE
    WHEN $2 IS NULL THEN
      EXISTS (SELECT FROM jobs WHERE jobs.id = $1 AND jobs.status IN ('pending', 'running'))
      OR EXISTS (SELECT FROM conduit_blocked_jobs WHERE conduit_blocked_jobs.id = $1)
    ELSE $2 > pg_catalog.clock_timestamp()
  END;
END;

CREATE TABLE conduit_results (
  job        uuid        PRIMARY KEY,
  value      jsonb       NOT NULL,
  expires_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_results IS 'what handlers returned, for types that keep it';

CREATE INDEX conduit_results_expiry ON conduit_results (expires_at);

CREATE TABLE conduit_schedules (
  name         text        PRIMARY KEY CHECK (pg_catalog.octet_length(name) BETWEEN 1 AND 200),
  queue        text        NOT NULL DEFAULT 'default'
               CHECK (pg_catalog.octet_length(queue) BETWEEN 1 AND 200),
  type         text        NOT NULL CHECK (pg_catalog.octet_length(type) BETWEEN 1 AND 200),
  payload      jsonb       NOT NULL DEFAULT '{}',
  priority     integer     NOT NULL DEFAULT 50 CHECK (priority BETWEEN 0 AND 100),
  max_attempts integer     NOT NULL DEFAULT 3 CHECK (max_attempts > 0),
  timeout      float8      CHECK (timeout > 0::float8 AND timeout < 'infinity'),
  every        bigint      CHECK (every BETWEEN 1 AND 31536000000),
  cron         text,
  timezone     text        NOT NULL DEFAULT 'UTC',
  missed       text        NOT NULL DEFAULT 'once' CHECK (missed IN ('skip', 'once', 'all')),
  enabled      boolean     NOT NULL DEFAULT true,
  next_run_at  timestamptz NOT NULL DEFAULT pg_catalog.now()
               CHECK (next_run_at BETWEEN '1970-01-01 00:00Z' AND '9000-01-01 00:00Z'),
  last_run_at  timestamptz,
  last_job_id  uuid,
  failures     integer     NOT NULL DEFAULT 0,
  error        text,
  retry_at     timestamptz,
  CHECK (pg_catalog.num_nonnulls(every, cron) = 1)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON COLUMN conduit_schedules.every IS 'seconds from tick to tick; or else there is a cron expression';
COMMENT ON COLUMN conduit_schedules.next_run_at IS 'the tick to come; whoever enqueues its job moves it on';
COMMENT ON COLUMN conduit_schedules.failures IS 'how often in a row the job of this tick could not be enqueued';
COMMENT ON COLUMN conduit_schedules.retry_at IS 'when a tick that failed is tried again';

CREATE TABLE conduit_queues (
  name        text        PRIMARY KEY CHECK (pg_catalog.octet_length(name) BETWEEN 1 AND 200),
  paused_at   timestamptz,
  concurrency integer     CHECK (concurrency > 0)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE conduit_queues IS 'what operators say of queues; one without a row runs freely';
COMMENT ON COLUMN conduit_queues.paused_at IS 'since when nothing is claimed from it; NULL: not paused';
COMMENT ON COLUMN conduit_queues.concurrency IS 'its jobs that may run at once, over all workers; NULL: any number';

CREATE TABLE conduit_rate_limits (
  type    text    PRIMARY KEY CHECK (pg_catalog.octet_length(type) BETWEEN 1 AND 200),
  starts  integer NOT NULL CHECK (starts > 0),
  seconds float8  NOT NULL CHECK (seconds > 0::float8 AND seconds <= 31536000::float8)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE conduit_rate_limits IS 'how many jobs of a type may start in any such span of seconds';

CREATE TABLE conduit_rate_usage (
  type   text        NOT NULL,
  until  timestamptz NOT NULL,
  starts integer     NOT NULL,
  PRIMARY KEY (type, until)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE conduit_rate_usage IS 'how many jobs of a type with a rate started of late; a hundred rows a period at most';
COMMENT ON COLUMN conduit_rate_usage.until IS 'they started shortly before';

-- Adds histograms place by place; a shorter one counts as if it went on with zeros.
CREATE FUNCTION conduit_add_histograms(one bigint[], other bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT coalesce(pg_catalog.array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY place), '{}')
  FROM unnest($1, $2) WITH ORDINALITY AS pair (a, b, place);
END;

CREATE AGGREGATE conduit_sum_histograms(bigint[]) (
  SFUNC = conduit_add_histograms, STYPE = bigint[], INITCOND = '{}', PARALLEL = SAFE
);

CREATE TABLE conduit_metrics (
  seconds   integer     NOT NULL CHECK (seconds IN (60, 3600, 86400)),
  starts_at timestamptz NOT NULL,
  queue     text        NOT NULL,
  type      text        NOT NULL,
  succeeded bigint      NOT NULL DEFAULT 0,
  failed    bigint      NOT NULL DEFAULT 0,
  retried   bigint      NOT NULL DEFAULT 0,
  discarded bigint      NOT NULL DEFAULT 0,
  snoozed   bigint      NOT NULL DEFAULT 0,
  cancelled bigint      NOT NULL DEFAULT 0,
  duration  float8      NOT NULL DEFAULT 0,
  wait      float8      NOT NULL DEFAULT 0,
  durations bigint[]    NOT NULL DEFAULT '{}',
  waits     bigint[]    NOT NULL DEFAULT '{}',
  PRIMARY KEY (seconds, starts_at, queue, type)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

COMMENT ON TABLE conduit_metrics IS 'what became of attempts, by minute; by hour once they are some hours old, by day after some days';
COMMENT ON COLUMN conduit_metrics.seconds IS 'how long the time is that begins at starts_at: 60, 3600 or 86400';
COMMENT ON COLUMN conduit_metrics.failed IS 'failed attempts, with those that were retried and the discarded ones';
COMMENT ON COLUMN conduit_metrics.duration IS 'sum of the seconds that attempts took';
COMMENT ON COLUMN conduit_metrics.wait IS 'sum of the seconds from when jobs were due to their start';
COMMENT ON COLUMN conduit_metrics.durations IS 'histogram: the n-th bound is 0.001 * sqrt(2) ^ (n - 1) seconds, the 55th none';

CREATE TABLE conduit_failure_notices (
  job   uuid        PRIMARY KEY,
  queue text        NOT NULL,
  since timestamptz NOT NULL DEFAULT pg_catalog.now()
) WITH (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

COMMENT ON TABLE conduit_failure_notices IS 'jobs that a rescue ended as failed, until a worker with an on_failed takes the row';
