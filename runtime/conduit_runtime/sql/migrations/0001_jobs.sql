-- A UUID of version 7, as the client makes them: new rows lie together in the index.
CREATE FUNCTION conduit_new_id() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT pg_catalog.encode(
    pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.overlay(
      pg_catalog.uuid_send(pg_catalog.gen_random_uuid()),
      pg_catalog.substring(pg_catalog.int8send(
        (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint), 3),
      1, 6), 52, 1), 53, 1), 'hex')::uuid
$$;

CREATE TABLE jobs (
  id           uuid        PRIMARY KEY DEFAULT conduit_new_id(),
  seq          bigint      GENERATED ALWAYS AS IDENTITY,
  queue        text        NOT NULL DEFAULT 'default' CHECK (octet_length(queue) BETWEEN 1 AND 200),
  type         text        NOT NULL CHECK (octet_length(type) BETWEEN 1 AND 200),
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
  created_at   timestamptz NOT NULL DEFAULT now(),
  run_at       timestamptz NOT NULL DEFAULT now() CHECK (isfinite(run_at)),
  started_at   timestamptz,
  completed_at timestamptz,
  locked_by    text,
  locked_at    timestamptz,
  leased_until timestamptz,
  token        uuid
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
COMMENT ON COLUMN jobs.leased_until IS 'set by dequeue(): the claim lapses then; workers prove that they live instead';
COMMENT ON COLUMN jobs.token IS 'drawn anew by every claim; each outcome names it';

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
  started_at timestamptz NOT NULL DEFAULT now(),
  seen_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON COLUMN conduit_workers.lock_key IS 'advisory lock that the worker''s session holds while it lives; none behind a pooler';
COMMENT ON COLUMN conduit_workers.beat IS 'moves every second while the worker lives';

-- The bell. An idle worker holds this advisory lock exclusively; only then does a commit pay for a
-- NOTIFY. The shared lock is kept until the commit is visible, so a worker that takes the bell and
-- then looks once more misses nothing.
CREATE FUNCTION conduit_ring() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  table_key CONSTANT integer := (TG_RELID::bigint - 2147483648)::integer;
  queue_key CONSTANT integer := pg_catalog.hashtext(NEW.queue);
BEGIN
  IF pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
     AND NOT pg_catalog.pg_try_advisory_xact_lock_shared(table_key, queue_key)
  THEN
    PERFORM pg_catalog.pg_notify(pg_catalog.concat('conduit_', TG_RELID, '_', queue_key), '');
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER conduit_ring AFTER INSERT ON jobs
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.status = 'pending' AND NEW.run_at <= now() + interval '2 seconds')
  EXECUTE FUNCTION conduit_ring();
