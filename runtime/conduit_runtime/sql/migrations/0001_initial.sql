-- A UUID of version 7, as in the client: new rows are neighbours in the index.
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
  key          text        CHECK (pg_catalog.octet_length(key) <= 200),
  payload      jsonb       NOT NULL DEFAULT '{}',
  status       text        NOT NULL DEFAULT 'pending'
               CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
  priority     integer     NOT NULL DEFAULT 50 CHECK (priority BETWEEN 0 AND 100),
  attempts     integer     NOT NULL DEFAULT 0,
  max_attempts integer     NOT NULL DEFAULT 3,
  rescues      integer     NOT NULL DEFAULT 0,
  refusals     integer,
  error        text,
  errors       jsonb,
  progress     jsonb,
  timeout      float8,
  expires      float8      CHECK (expires >= 0::float8 AND expires <= 1e11::float8),
  weight       integer     CHECK (weight > 0),
  created_at   timestamptz NOT NULL DEFAULT pg_catalog.now(),
  run_at       timestamptz NOT NULL DEFAULT pg_catalog.now() CHECK (pg_catalog.isfinite(run_at)),
  started_at   timestamptz,
  start_written boolean,
  begun        boolean,
  completed_at timestamptz,
  locked_by    text,
  locked_at    timestamptz,
  leased_until timestamptz,
  token        uuid,
  flow         uuid,
  headers      jsonb,
  notifies     boolean     NOT NULL DEFAULT true,
  follows      uuid[],
  awaited      boolean,
  parent       uuid,
  schedule     text
) WITH (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.02,
  autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX jobs_claim ON jobs (queue, priority DESC, type, fingerprint, run_at, seq)
  WHERE status = 'pending';
CREATE INDEX jobs_running ON jobs (locked_by, locked_at) WHERE status = 'running';
CREATE INDEX jobs_failed ON jobs (id) WHERE status = 'failed';
CREATE INDEX jobs_refused ON jobs (queue, run_at) WHERE status = 'pending' AND refusals IS NOT NULL;
CREATE INDEX jobs_key ON jobs (key, id, status) WHERE key IS NOT NULL;
CREATE INDEX jobs_running_key ON jobs (key COLLATE "C", type)
  WHERE coalesce(status = 'running' AND key IS NOT NULL, false);
CREATE INDEX jobs_order ON jobs (key COLLATE "C", type, status COLLATE "C", (
    CASE WHEN begun OR refusals IS NOT NULL THEN 0 ELSE 1 END), seq)
  WHERE key IS NOT NULL AND status IN ('pending', 'failed');
CREATE INDEX jobs_parked ON jobs (key, type, queue, priority DESC, run_at, seq)
  WHERE status = 'pending' AND key IS NOT NULL AND pg_catalog.right(fingerprint, 1) = '~';
CREATE INDEX jobs_turns ON jobs (queue, priority DESC, type, fingerprint, key COLLATE "C", run_at, seq)
  WHERE coalesce(key IS NOT NULL AND status = 'pending' AND pg_catalog.right(fingerprint, 1) <> '~', false);
CREATE INDEX jobs_expiry ON jobs
  ((run_at - '2000-01-01 00:00Z'::timestamptz + expires * interval '1 s'))
  WHERE status = 'pending' AND expires IS NOT NULL;

COMMENT ON TABLE jobs IS 'one job a row: what to run, and what became of it';
COMMENT ON COLUMN jobs.id IS 'UUID of version 7: later jobs have greater ids';
COMMENT ON COLUMN jobs.seq IS 'call order within a connection; breaks ties of priority and run_at';
COMMENT ON COLUMN jobs.queue IS 'a name; workers serve queues';
COMMENT ON COLUMN jobs.type IS 'which handler runs it';
COMMENT ON COLUMN jobs.fingerprint IS 'names and kinds of the payload''s fields; empty: matched by type alone; after each ! a reader that could not read the payload; ~ at the end: parked until its key has room';
COMMENT ON COLUMN jobs.key IS 'whose the job is, such as a customer; a tuple as a JSON array';
COMMENT ON COLUMN jobs.payload IS 'what the handler gets, as JSON';
COMMENT ON COLUMN jobs.status IS 'pending, running, completed, failed or cancelled';
COMMENT ON COLUMN jobs.priority IS '0 to 100; the highest of a queue starts first';
COMMENT ON COLUMN jobs.attempts IS 'how many attempts have started, less those that do not count';
COMMENT ON COLUMN jobs.max_attempts IS 'after how many failed attempts it ends failed';
COMMENT ON COLUMN jobs.rescues IS 'how many workers died while they held the job';
COMMENT ON COLUMN jobs.refusals IS 'how many claims in a row Postgres refused; NULL: none';
COMMENT ON COLUMN jobs.error IS 'why it failed last, or why it waits (unreadable: …, Postgres refused the claim: …)';
COMMENT ON COLUMN jobs.errors IS 'an entry for each failed attempt: attempt, worker, started_at, at (its end), error, exception (the path of its class), traceback';
COMMENT ON COLUMN jobs.progress IS 'what the handler last reported of its progress';
COMMENT ON COLUMN jobs.timeout IS 'the most seconds of one attempt';
COMMENT ON COLUMN jobs.expires IS 'seconds from when it is due within which it has to start; NULL: any time, or an attempt has started';
COMMENT ON COLUMN jobs.weight IS 'for how many jobs it counts in limits; NULL: one';
COMMENT ON COLUMN jobs.created_at IS 'when its transaction began';
COMMENT ON COLUMN jobs.run_at IS 'when it is due: the delay, or the next attempt';
COMMENT ON COLUMN jobs.started_at IS 'when its last attempt started';
COMMENT ON COLUMN jobs.start_written IS 'whether attempts and started_at belong to the current claim; each claim clears it';
COMMENT ON COLUMN jobs.begun IS 'of a job with a key that waits again: whether its attempts have begun, so that an ordered key waits for it';
COMMENT ON COLUMN jobs.completed_at IS 'when it ended: completed, failed or cancelled';
COMMENT ON COLUMN jobs.locked_by IS 'the worker that holds it';
COMMENT ON COLUMN jobs.locked_at IS 'when that worker claimed it';
COMMENT ON COLUMN jobs.leased_until IS 'when a claim by dequeue() lapses; workers have a heartbeat instead';
COMMENT ON COLUMN jobs.token IS 'random, new in every claim; each outcome names it';
COMMENT ON COLUMN jobs.flow IS 'the chain or group of the job; other jobs may wait for it';
COMMENT ON COLUMN jobs.headers IS 'what the caller that enqueued the job gave it: its headers and, as trace, its trace context';
COMMENT ON COLUMN jobs.notifies IS 'whether the commit of the new row looks for an idle worker; false: its statement did and found none';
COMMENT ON COLUMN jobs.follows IS 'the jobs of its flow that it waited for, in their order';
COMMENT ON COLUMN jobs.awaited IS 'whether result() waits for it: its end then sends a notification';
COMMENT ON COLUMN jobs.parent IS 'the job whose handler enqueued it';
COMMENT ON COLUMN jobs.schedule IS 'the schedule that enqueued it';

CREATE TABLE conduit_workers (
  name       text        PRIMARY KEY,
  lock_key   bigint,
  heartbeat  bigint      NOT NULL DEFAULT 0,
  host       text        NOT NULL,
  pid        integer     NOT NULL,
  queues     text[]      NOT NULL,
  lanes      jsonb       NOT NULL,
  version    text        NOT NULL DEFAULT '',
  keep_completed float8,
  keep_failed    float8,
  limits     jsonb       NOT NULL DEFAULT '{}',
  children   jsonb,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  seen_at    timestamptz NOT NULL DEFAULT pg_catalog.now()
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE conduit_workers IS 'the live workers, and those that died until another notices';
COMMENT ON COLUMN conduit_workers.name IS 'host, process and a random part';
COMMENT ON COLUMN conduit_workers.lock_key IS 'advisory lock that the session of a live worker holds; NULL behind a pooler';
COMMENT ON COLUMN conduit_workers.heartbeat IS 'counts up every second while the worker lives';
COMMENT ON COLUMN conduit_workers.version IS 'the version of conduit-async that the worker runs';
COMMENT ON COLUMN conduit_workers.keep_completed IS 'after how many seconds completed and cancelled jobs of its queues are deleted; NULL: it does not say';
COMMENT ON COLUMN conduit_workers.keep_failed IS 'after how many seconds failed jobs of its queues are deleted; NULL: it does not say';
COMMENT ON COLUMN conduit_workers.host IS 'the name of its host';
COMMENT ON COLUMN conduit_workers.pid IS 'its process on that host';
COMMENT ON COLUMN conduit_workers.queues IS 'the queues that it serves';
COMMENT ON COLUMN conduit_workers.lanes IS 'the job types and payload shapes that it can run';
COMMENT ON COLUMN conduit_workers.limits IS 'the limits that its code gives job types, by type: concurrency, starts, seconds';
COMMENT ON COLUMN conduit_workers.children IS 'its processes of isolated jobs: how many are alive, and how many ended during a job, by reason; NULL: none';
COMMENT ON COLUMN conduit_workers.started_at IS 'when it started; the limits of the last one hold';
COMMENT ON COLUMN conduit_workers.seen_at IS 'when it last wrote its heartbeat';

-- An idle worker holds the idle lock of its queue exclusively. A commit notifies only if it finds the
-- idle lock held. The commit keeps the shared lock until it is visible, so a worker that takes the
-- idle lock and then polls once more misses no job. While another transaction holds a snapshot, full
-- scans are rare: a job that commits long after it was due sends the payload 'late'.
-- The trigger's condition is a column, because it is evaluated for every row. The function runs with
-- the search path of its caller: setting one would cost more than the function does.
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
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.notifies)
  EXECUTE FUNCTION conduit_notify();

-- Notifies the sessions that wait for the end of this job. Returns NULL, for a column that the caller
-- writes anyway.
CREATE FUNCTION conduit_announce_end(job uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off' THEN
    PERFORM pg_catalog.pg_notify(
      pg_catalog.concat('conduit_', 'jobs'::regclass::oid, '_ended'), job::text);
  END IF;
  RETURN NULL;
END $$;

CREATE TABLE conduit_unique_keys (
  type       text        NOT NULL,
  key        text        NOT NULL CHECK (pg_catalog.octet_length(key) = 64),
  job        uuid        NOT NULL,
  expires_at timestamptz CHECK (pg_catalog.isfinite(expires_at)),
  PRIMARY KEY (type, key)
) WITH (
  fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05
);

COMMENT ON TABLE conduit_unique_keys IS 'the existing job of each key; no other job of its type is enqueued with that key';
COMMENT ON COLUMN conduit_unique_keys.type IS 'the job type';
COMMENT ON COLUMN conduit_unique_keys.key IS 'a digest of the type, the value and the secret, which hides the value';
COMMENT ON COLUMN conduit_unique_keys.job IS 'the existing job';
COMMENT ON COLUMN conduit_unique_keys.expires_at IS 'when the key is released; NULL: when its job ends';

-- What an enqueue says of a job, as `NewJob` of the client.
CREATE TYPE conduit_new_job AS (
  id           uuid,
  queue        text,
  type         text,
  payload      jsonb,
  priority     integer,
  max_attempts integer,
  fingerprint  text,
  key          text,
  timeout      float8,
  expires      float8,
  weight       integer,
  run_at       timestamptz,
  delay        float8,
  headers      jsonb,
  flow         uuid,
  on_failure   text
);

CREATE TABLE conduit_blocked_jobs (
  waits_for    integer     NOT NULL CHECK (waits_for >= 0),
  follows      uuid[],
  parent       uuid,
  created_at   timestamptz NOT NULL DEFAULT pg_catalog.now(),
  error        text,
  awaited      boolean,
  LIKE conduit_new_job,
  PRIMARY KEY (id),
  CHECK (pg_catalog.num_nulls(
    queue, type, payload, priority, max_attempts, fingerprint, delay, flow, on_failure) = 0),
  CHECK (pg_catalog.octet_length(queue) BETWEEN 1 AND 200),
  CHECK (pg_catalog.octet_length(type) BETWEEN 1 AND 200),
  CHECK (priority BETWEEN 0 AND 100),
  CHECK (pg_catalog.isfinite(run_at)),
  CHECK (pg_catalog.octet_length(key) <= 200),
  CHECK (delay BETWEEN -31536000000::float8 AND 31536000000::float8),
  CHECK (expires >= 0::float8 AND expires <= 1e11::float8),
  CHECK (weight > 0),
  CHECK (on_failure IN ('cancel', 'continue'))
) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_blocked_jobs IS 'jobs that wait for other jobs of their flow; they move to jobs when these have ended';
COMMENT ON COLUMN conduit_blocked_jobs.delay IS 'seconds from the end of the last of these jobs to its start';
COMMENT ON COLUMN conduit_blocked_jobs.run_at IS 'the earliest time of its start';
COMMENT ON COLUMN conduit_blocked_jobs.waits_for IS 'how many jobs it waits for; each has a row in conduit_dependencies';
COMMENT ON COLUMN conduit_blocked_jobs.on_failure IS 'cancel or continue: what happens to it when one of these jobs fails';
COMMENT ON COLUMN conduit_blocked_jobs.error IS 'why it failed here: Postgres refused its row in jobs';

CREATE TABLE conduit_dependencies (
  job     uuid    NOT NULL,
  next    uuid    NOT NULL,
  watched boolean NOT NULL DEFAULT false,
  PRIMARY KEY (job, next)
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_dependencies IS 'next waits for job; the row is deleted when job ends';
COMMENT ON COLUMN conduit_dependencies.job IS 'the job in front';
COMMENT ON COLUMN conduit_dependencies.next IS 'the job that waits';
COMMENT ON COLUMN conduit_dependencies.watched IS 'workers check whether job has ended: it is outside the flow, or has more dependents than one step releases';

CREATE INDEX conduit_dependencies_watched ON conduit_dependencies (job, next) WHERE watched;

-- Moves these blocked jobs to jobs, each with its status; returns those that have ended with it. If
-- Postgres refuses a job alone, it ends failed with the reason. If Postgres refuses that row too, the
-- blocked job keeps the reason. If a job with the same id exists, it replaces the blocked one, and
-- workers watch it.
CREATE FUNCTION conduit_release(ids uuid[], statuses text[], reason text) RETURNS uuid[]
LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  half    CONSTANT integer := pg_catalog.cardinality(ids) / 2;
  refused text;
BEGIN
  BEGIN
    WITH released AS (
      DELETE FROM conduit_blocked_jobs AS blocked
      USING unnest(ids, statuses) AS asked (id, status)
      WHERE blocked.id = asked.id
      RETURNING blocked.*, asked.status
    ), stored AS (
      INSERT INTO jobs (id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout,
                        key, expires, weight, headers, created_at, run_at, status, completed_at, error, follows, awaited,
                        parent)
      SELECT id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout,
             key, expires, weight, headers, created_at,
             CASE WHEN status = 'pending'
               THEN coalesce(run_at, pg_catalog.now()) + pg_catalog.make_interval(secs => delay)
               ELSE pg_catalog.now() END,
             status,
             CASE WHEN status <> 'pending' THEN pg_catalog.now() END,
             CASE WHEN status <> 'pending' THEN reason END,
             follows,
             CASE WHEN awaited THEN status = 'pending' OR conduit_announce_end(id) END,
             parent
      FROM released
      ORDER BY id
      ON CONFLICT (id) DO NOTHING
      RETURNING id, queue, status
    ), noticed AS (
      INSERT INTO conduit_failure_notices (job, queue)
      SELECT id, queue FROM stored WHERE status = 'failed'
      ON CONFLICT (job) DO NOTHING
    ), existing AS (
      SELECT id FROM released EXCEPT SELECT id FROM stored
    )
    UPDATE conduit_dependencies AS link SET watched = true
    FROM existing CROSS JOIN LATERAL (
      SELECT job, next FROM conduit_dependencies WHERE job = existing.id ORDER BY next LIMIT 1
    ) AS first
    WHERE link.job = first.job AND link.next = first.next;
    RETURN ARRAY(
      SELECT id FROM unnest(ids, statuses) AS asked (id, status) WHERE status <> 'pending');
  EXCEPTION WHEN OTHERS THEN
    -- Transient errors: connection, serialization, resources, locks, operator, system.
    IF pg_catalog.left(SQLSTATE, 2) IN ('08', '40', '53', '55', '57', '58') THEN
      RAISE;
    END IF;
    refused := SQLERRM;
  END;
  IF half > 0 THEN
    RETURN pg_catalog.array_cat(
      conduit_release(ids[:half], statuses[:half], reason),
      conduit_release(ids[half + 1:], statuses[half + 1:], reason));
  ELSIF statuses[1] <> 'failed' THEN
    RETURN conduit_release(
      ids, ARRAY['failed'], pg_catalog.concat('Postgres refused the job: ', refused));
  END IF;
  UPDATE conduit_blocked_jobs SET error = reason WHERE id = ids[1];
  RETURN ids;
END $$;

-- Releases the jobs that wait for those of these jobs that have ended. A blocked job becomes
-- pending when it waits for no other job. It becomes cancelled if a job in front of it did not succeed
-- and its on_failure is 'cancel'; the jobs behind it follow. Blocked jobs in `dropped` are cancelled.
--
-- One call deletes at most `budget` dependencies, shared among the jobs. If a job has more, the first
-- remaining dependency is marked as watched, and workers continue there; returns these jobs. In the
-- background, a call starts at the first mark, and marks the dependencies that others have locked.
CREATE FUNCTION conduit_advance(
  ended uuid[], dropped uuid[], budget integer, background boolean
) RETURNS uuid[]
LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
  past      uuid[] := ended;
  at_mark   boolean := background;
  share     integer;
  befores   uuid[];  -- dependencies: the found ones, those to cut, and the rest
  nexts     uuid[];
  is_beyond boolean[];
  cut       uuid[];
  cut_nexts uuid[];
  rest      uuid[];
  rest_of   uuid[];
  left_over uuid[] := '{}';
  left_of   uuid[] := '{}';
  more      uuid[] := '{}';
  moving    uuid[];
  statuses  text[];
BEGIN
  IF pg_catalog.cardinality(dropped) > 0 THEN
    past := pg_catalog.array_cat(past, conduit_release(
      dropped,
      pg_catalog.array_fill('cancelled'::text, ARRAY[pg_catalog.cardinality(dropped)]),
      NULL::text));
  END IF;
  WHILE pg_catalog.cardinality(past) > 0 LOOP
    -- Half of the budget is for the jobs behind cancelled ones.
    share := greatest(
      budget / (2 * pg_catalog.cardinality(past)), least(budget / pg_catalog.cardinality(past), 1));
    WITH finished AS MATERIALIZED (
      SELECT job FROM pg_catalog.unnest(past) AS finished (job)
      WHERE NOT EXISTS (SELECT FROM jobs WHERE id = job AND status IN ('pending', 'running'))
        AND NOT EXISTS (SELECT FROM conduit_blocked_jobs WHERE id = job AND error IS NULL)
    )
    SELECT pg_catalog.array_agg(link.job), pg_catalog.array_agg(link.next),
           pg_catalog.array_agg(link.place > share)
    INTO befores, nexts, is_beyond
    FROM finished CROSS JOIN LATERAL (
      SELECT job, next, pg_catalog.row_number() OVER (ORDER BY next) AS place
      FROM (
        SELECT job, next FROM conduit_dependencies
        WHERE job = finished.job AND next >= coalesce((
            SELECT next FROM conduit_dependencies
            WHERE at_mark AND job = finished.job AND watched
            ORDER BY next LIMIT 1
          ), '00000000-0000-0000-0000-000000000000')
        ORDER BY next
        LIMIT share + 1
        FOR UPDATE SKIP LOCKED
      ) AS found
    ) AS link;
    EXIT WHEN befores IS NULL;
    IF NOT background THEN
      -- A fixed order prevents deadlocks between calls that end jobs of the same flows.
      PERFORM FROM conduit_blocked_jobs
      WHERE id IN (SELECT next FROM unnest(nexts, is_beyond) AS found (next, beyond) WHERE NOT beyond)
      ORDER BY id
      FOR UPDATE;
    END IF;
    -- Skips jobs that others have locked, and stops after some megabytes of payloads.
    SELECT pg_catalog.array_agg(job) FILTER (WHERE goes),
           pg_catalog.array_agg(next) FILTER (WHERE goes),
           pg_catalog.array_agg(job) FILTER (WHERE NOT goes),
           pg_catalog.array_agg(next) FILTER (WHERE NOT goes),
           pg_catalog.array_cat(
             more, pg_catalog.array_agg(job) FILTER (WHERE NOT goes AND NOT is_locked))
    INTO cut, cut_nexts, rest_of, rest, more
    FROM (
      SELECT job, next, NOT is_free AND NOT beyond AS is_locked,
             is_free AND pg_catalog.first_value(before) OVER (PARTITION BY next ORDER BY place)
               < 16000000 AS goes
      FROM (
        SELECT *, pg_catalog.sum(size) OVER (ORDER BY place) - size AS before
        FROM (
          SELECT asked.job, asked.next, asked.place, asked.beyond,
                 NOT asked.beyond AND (free.id IS NOT NULL OR NOT EXISTS (
                   SELECT FROM conduit_blocked_jobs WHERE id = asked.next)) AS is_free,
                 CASE WHEN pg_catalog.row_number() OVER (
                     PARTITION BY asked.next ORDER BY asked.place) = 1
                   THEN coalesce(free.size, 0) ELSE 0 END AS size
          FROM unnest(befores, nexts, is_beyond) WITH ORDINALITY AS asked (job, next, beyond, place)
          LEFT JOIN LATERAL (
            SELECT id, pg_catalog.pg_column_size(payload) AS size FROM conduit_blocked_jobs
            WHERE id = asked.next AND NOT asked.beyond
            FOR UPDATE SKIP LOCKED
          ) AS free ON true
        ) AS found
      ) AS weighed
    ) AS judged;
    left_of := pg_catalog.array_cat(left_of, rest_of);
    left_over := pg_catalog.array_cat(left_over, rest);
    EXIT WHEN cut IS NULL;
    budget := budget - pg_catalog.cardinality(cut);
    at_mark := false;
    WITH deleted AS (
      DELETE FROM conduit_dependencies AS link
      USING unnest(cut, cut_nexts) AS asked (job, next)
      WHERE link.job = asked.job AND link.next = asked.next
      RETURNING link.next, EXISTS (
        SELECT FROM jobs WHERE id = link.job AND status = 'completed') AS succeeded
    ), ends AS (
      SELECT next, pg_catalog.count(*)::integer AS count, pg_catalog.bool_and(succeeded) AS succeeded
      FROM deleted GROUP BY next
    ), counted AS (
      UPDATE conduit_blocked_jobs AS blocked SET waits_for = greatest(waits_for - ends.count, 0)
      FROM ends
      WHERE blocked.id = ends.next AND blocked.error IS NULL
      RETURNING id, waits_for, on_failure = 'cancel' AND NOT succeeded AS is_gone
    )
    SELECT pg_catalog.array_agg(id),
           pg_catalog.array_agg(CASE WHEN is_gone THEN 'cancelled' ELSE 'pending' END)
    INTO moving, statuses
    FROM counted
    WHERE is_gone OR waits_for = 0;
    EXIT WHEN moving IS NULL;
    past := conduit_release(moving, statuses, 'what it waited for did not succeed');
  END LOOP;
  IF pg_catalog.cardinality(left_of) > 0 THEN
    UPDATE conduit_dependencies AS link SET watched = true
    FROM unnest(left_of, left_over) AS rest (job, next)
    WHERE link.job = rest.job AND link.next = rest.next AND NOT link.watched;
  END IF;
  RETURN ARRAY(SELECT DISTINCT job FROM pg_catalog.unnest(more) AS job);
END $$;

-- Checks both tables in turn, so that it finds a job that moves between them.
CREATE FUNCTION conduit_cancel(wanted uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  is_blocked boolean;
  is_changed boolean;
  is_running boolean;
  its_flow   uuid;
BEGIN
  PERFORM FROM conduit_blocked_jobs WHERE id = wanted AND error IS NULL FOR UPDATE;
  is_blocked := FOUND;
  SELECT status = 'running' INTO is_running FROM jobs WHERE id = wanted FOR UPDATE;
  UPDATE jobs
  SET status = 'cancelled', completed_at = pg_catalog.now(), token = NULL,
      locked_by = NULL, locked_at = NULL, leased_until = NULL,
      awaited = CASE WHEN awaited THEN conduit_announce_end(id) END
  WHERE id = wanted AND status IN ('pending', 'running')
  RETURNING flow INTO its_flow;
  is_changed := FOUND;
  IF is_running AND pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off' THEN
    -- A worker that holds it does not start it.
    PERFORM pg_catalog.pg_notify(pg_catalog.concat('conduit_', 'jobs'::regclass::oid), 'control');
  END IF;
  IF is_blocked THEN
    PERFORM conduit_advance('{}'::uuid[], ARRAY[wanted], 2000, false);
  ELSIF its_flow IS NOT NULL THEN
    PERFORM conduit_advance(ARRAY[wanted], '{}'::uuid[], 2000, false);
  END IF;
  RETURN is_blocked OR is_changed;
END $$;

-- Claims these pending rows, which the caller has locked, for a worker; with a lease, their attempts
-- begin and hold for so many seconds. Returns the rows. A row whose claim Postgres refuses keeps the
-- reason, and is due again after 1, 2, 4 … seconds, at most a minute, each less or more by half: rows
-- that refuse each other then come apart. If Postgres refuses that too, the row stays as it was, and
-- is returned with the reason and without `refusals`. `alone` is that of conduit_reclaim.
CREATE FUNCTION conduit_claim(
  ids uuid[], worker text, claim uuid, lease float8, alone boolean
) RETURNS SETOF jobs
LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  half    CONSTANT integer := pg_catalog.cardinality(ids) / 2;
  refused text;
  stays   jobs;
BEGIN
  IF alone THEN
    SET CONSTRAINTS ALL IMMEDIATE;
  END IF;
  BEGIN
    UPDATE jobs
    SET status = 'running', token = claim, locked_by = worker, locked_at = pg_catalog.now(),
        refusals = NULL, start_written = CASE WHEN lease IS NOT NULL THEN true END,
        leased_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => lease),
        attempts = CASE WHEN lease IS NULL THEN attempts ELSE least(attempts, 2147483646) + 1 END,
        started_at = CASE WHEN lease IS NULL THEN started_at ELSE pg_catalog.clock_timestamp() END,
        expires = CASE WHEN lease IS NULL THEN expires END
    WHERE id = ANY (ids);
    IF (SELECT pg_catalog.count(*) FROM jobs WHERE id = ANY (ids) AND token = claim)
      < pg_catalog.cardinality(ids)
    THEN
      RAISE EXCEPTION 'a trigger drops it';
    END IF;
  EXCEPTION WHEN OTHERS THEN
    IF pg_catalog.left(SQLSTATE, 2) IN ('08', '40', '53', '55', '57', '58') THEN
      RAISE;
    END IF;
    refused := pg_catalog.left(pg_catalog.concat('Postgres refused the claim: ', SQLERRM), 1000);
  END;
  IF refused IS NULL THEN
    RETURN QUERY SELECT * FROM jobs WHERE id = ANY (ids);
  ELSIF half > 0 THEN
    RETURN QUERY SELECT * FROM conduit_claim(ids[:half], worker, claim, lease, false);
    RETURN QUERY SELECT * FROM conduit_claim(ids[half + 1:], worker, claim, lease, false);
  ELSE
    BEGIN
      UPDATE jobs
      SET error = refused, refusals = least(coalesce(refusals, 0), 2147483646) + 1,
          run_at = pg_catalog.now() + pg_catalog.make_interval(secs =>
            least(pg_catalog.power(2::float8, least(coalesce(refusals, 0), 6)::float8), 60::float8)
            * (0.5::float8 + pg_catalog.random()))
      WHERE id = ids[1];
      IF NOT EXISTS (SELECT FROM jobs WHERE id = ids[1] AND error = refused) THEN
        RAISE EXCEPTION 'a trigger drops it';
      END IF;
      RETURN QUERY SELECT * FROM jobs WHERE id = ids[1];
    EXCEPTION WHEN OTHERS THEN
      IF pg_catalog.left(SQLSTATE, 2) IN ('08', '40', '53', '55', '57', '58') THEN
        RAISE;
      END IF;
      SELECT * INTO stays FROM jobs WHERE id = ids[1];
      stays.error := refused;
      stays.refusals := NULL;
      RETURN NEXT stays;
    END;
  END IF;
END $$;

-- Makes refused jobs due that this transaction has changed by hand: Postgres may let them be claimed now.
-- Their rows are those whose xmin is no older than the transaction. One that is due later than a refusal
-- puts off has got its time by hand. Claims and outcomes write none of the trigger's columns, so it costs
-- them nothing.
CREATE FUNCTION conduit_retry_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  UPDATE jobs SET run_at = pg_catalog.now(), refusals = NULL
  WHERE id = ANY (ARRAY(
    SELECT refused.id FROM jobs AS refused
    WHERE refused.status = 'pending' AND refused.refusals IS NOT NULL
      AND refused.run_at < pg_catalog.now() + interval '90 seconds' AND pg_catalog.age(refused.xmin) <= 0
    FOR UPDATE SKIP LOCKED
  ));
  RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION conduit_retry_changed FROM PUBLIC;

CREATE TRIGGER conduit_retry_changed AFTER UPDATE OF queue, type, payload, priority, timeout, headers ON jobs
  FOR EACH STATEMENT EXECUTE FUNCTION conduit_retry_changed();

-- Reclaims these running jobs from a dead worker; returns their new rows. If Postgres refuses the
-- change of a job, the job ends failed with the reason. If Postgres refuses that too, or the error is
-- transient, the job stays as it was. With `alone`, the call is its own transaction, and deferred
-- constraints are checked at once, so that they refuse one job instead of the commit.
CREATE FUNCTION conduit_reclaim(ids uuid[], refusal text, alone boolean) RETURNS SETOF jobs
LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  half    CONSTANT integer := pg_catalog.cardinality(ids) / 2;
  refused text;
  is_transient boolean;
BEGIN
  IF alone THEN
    SET CONSTRAINTS ALL IMMEDIATE;
  END IF;
  BEGIN
    UPDATE jobs AS job
    SET status = CASE WHEN refusal IS NOT NULL OR start_written AND attempts >= max_attempts
          THEN 'failed' ELSE 'pending' END,
        completed_at = CASE WHEN refusal IS NOT NULL OR start_written AND attempts >= max_attempts
          THEN pg_catalog.now() END,
        rescues = least(rescues, 2147483646) + 1,
        begun = CASE WHEN key IS NOT NULL THEN true END,
        expires = CASE WHEN started_at IS NULL THEN expires END,
        error = CASE WHEN refusal IS NOT NULL THEN refusal
          WHEN start_written THEN 'the worker died' ELSE error END,
        errors = CASE WHEN start_written AND refusal IS NULL
          THEN CASE WHEN pg_catalog.jsonb_typeof(errors) IS DISTINCT FROM 'array' THEN '[]'
            WHEN pg_catalog.jsonb_array_length(errors) >= 25 THEN errors - 0 ELSE errors END
            || pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
              'at', pg_catalog.now(), 'attempt', attempts,
              'worker', locked_by, 'started_at', started_at,
              'error', pg_catalog.concat('the worker died: ', locked_by)))
          ELSE errors END,
        progress = NULL, token = NULL, locked_by = NULL, locked_at = NULL, leased_until = NULL,
        awaited = CASE WHEN awaited THEN
          NOT (refusal IS NOT NULL OR start_written AND attempts >= max_attempts)
          OR conduit_announce_end(job.id) END
    FROM pg_catalog.unnest(ids) AS asked (id)
    WHERE job.id = asked.id;
  EXCEPTION WHEN OTHERS THEN
    refused := SQLERRM;
    is_transient := pg_catalog.left(SQLSTATE, 2) IN ('08', '40', '53', '55', '57', '58');
  END;
  -- The rows of a statement that fails would stay in the result, so the UPDATE returns none.
  IF refused IS NULL THEN
    RETURN QUERY SELECT * FROM jobs WHERE jobs.id = ANY (ids);
  ELSIF half > 0 THEN
    RETURN QUERY SELECT * FROM conduit_reclaim(ids[:half], NULL::text, false);
    RETURN QUERY SELECT * FROM conduit_reclaim(ids[half + 1:], NULL::text, false);
  ELSIF refusal IS NULL AND NOT is_transient THEN
    RETURN QUERY SELECT * FROM conduit_reclaim(
      ids,
      pg_catalog.concat('the worker died, and Postgres refused to reclaim the job: ', refused),
      false);
  ELSE
    RETURN QUERY SELECT * FROM jobs WHERE id = ids[1];
  END IF;
END $$;

-- Whether the job of a key is pending, running or blocked, or the key has not expired. It is volatile,
-- so that it sees commits that happen while an enqueue waits for the key. It has its owner's rights,
-- so that a role that may only enqueue need not read jobs.
CREATE FUNCTION conduit_key_is_held(job uuid, expires_at timestamptz) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER BEGIN ATOMIC
  SELECT CASE
    WHEN $2 IS NULL THEN
      EXISTS (SELECT FROM jobs WHERE jobs.id = $1 AND jobs.status IN ('pending', 'running'))
      OR EXISTS (
        SELECT FROM conduit_blocked_jobs
        WHERE conduit_blocked_jobs.id = $1 AND conduit_blocked_jobs.error IS NULL)
    ELSE $2 > pg_catalog.clock_timestamp()
  END;
END;

CREATE TABLE conduit_secret (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  value   bytea   NOT NULL
);

COMMENT ON TABLE conduit_secret IS 'a row with what our digests are made with; no role but the owner reads it';
COMMENT ON COLUMN conduit_secret.is_only IS 'true';
COMMENT ON COLUMN conduit_secret.value IS '32 random bytes; without a row, new ones are made when a digest needs them';

-- Digests of these digests, made with the secret: without it, no guess can be checked. '' for what is
-- not a digest.
CREATE FUNCTION conduit_keyed(digests text[]) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET enable_seqscan = off AS $$
DECLARE
  secret bytea;
BEGIN
  SELECT value INTO secret FROM conduit_secret WHERE is_only;
  IF NOT FOUND THEN
    INSERT INTO conduit_secret (value)
    VALUES (pg_catalog.sha256(pg_catalog.convert_to(
      pg_catalog.concat(pg_catalog.gen_random_uuid(), pg_catalog.gen_random_uuid(),
                        pg_catalog.gen_random_uuid()), 'UTF8')))
    ON CONFLICT DO NOTHING;
    SELECT value INTO STRICT secret FROM conduit_secret WHERE is_only;
  END IF;
  RETURN ARRAY(
    SELECT CASE WHEN pg_catalog.octet_length(digest) = 64
        THEN pg_catalog.encode(
          pg_catalog.sha256(secret || pg_catalog.convert_to(digest, 'UTF8')), 'hex')
        WHEN digest IS NOT NULL THEN '' END
    FROM pg_catalog.unnest(digests) WITH ORDINALITY AS given (digest, position)
    ORDER BY position);
END $$;

-- Raises unique_violation if one of these ids is, or was, that of another job: a job with it would
-- take the place of a blocked one, wait in front of the dependents of the other, or change its result.
-- A serializable transaction that reads may fail, so unique indexes alone check its ids. None finds the
-- dependents of a job that a statement of others deleted, until a worker releases them: these are read,
-- unless the id was made within the last minute.
CREATE FUNCTION conduit_check_ids(ids uuid[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  isolation CONSTANT text := pg_catalog.current_setting('transaction_isolation');
  made      CONSTANT float8 := extract(epoch FROM pg_catalog.clock_timestamp())::float8;
  bounds    CONSTANT uuid[] := ARRAY(
    SELECT (pg_catalog.lpad(pg_catalog.to_hex(((made + apart) * 1000)::bigint), 12, '0')
            || pg_catalog.repeat('0', 20))::uuid
    FROM pg_catalog.unnest(ARRAY[-60, 60]) AS bound (apart));
  used      uuid;
BEGIN
  SELECT new.id INTO used FROM pg_catalog.unnest(ids) AS new (id)
  WHERE CASE
    WHEN isolation = 'serializable' THEN
      CASE WHEN new.id BETWEEN bounds[1] AND bounds[2] THEN false
        ELSE (SELECT true FROM conduit_dependencies AS link WHERE link.job = new.id LIMIT 1) END
    ELSE coalesce(
      (SELECT true FROM jobs WHERE jobs.id = new.id),
      (SELECT true FROM conduit_blocked_jobs AS blocked WHERE blocked.id = new.id),
      (SELECT true FROM conduit_dependencies AS link WHERE link.job = new.id LIMIT 1),
      (SELECT true FROM conduit_results AS result WHERE result.job = new.id))
  END
  LIMIT 1;
  IF FOUND THEN
    RAISE unique_violation USING MESSAGE = pg_catalog.concat('the id ', used, ' is that of another job');
  END IF;
  IF isolation <> 'read committed' THEN
    -- The snapshot may be older than the other job; a unique index is not.
    BEGIN
      INSERT INTO conduit_blocked_jobs
        (id, flow, queue, type, fingerprint, payload, priority, max_attempts, delay, waits_for, on_failure)
      SELECT id, id, '-', '-', '', '0', 0, 1, 0, 1, 'cancel' FROM pg_catalog.unnest(ids) AS new (id);
      INSERT INTO conduit_results (job, value, expires_at)
      SELECT id, 'null', 'infinity' FROM pg_catalog.unnest(ids) AS new (id);
      RAISE SQLSTATE 'UNDO0';
    EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
      NULL;
    END;
  END IF;
END $$;

-- The primary key of jobs refuses the ids of rows there.
CREATE FUNCTION conduit_check_id() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  needs_check boolean := pg_catalog.current_setting('transaction_isolation') <> 'read committed';
BEGIN
  IF NOT needs_check THEN
    needs_check := EXISTS (SELECT FROM conduit_blocked_jobs WHERE id = NEW.id)
      OR EXISTS (SELECT FROM conduit_dependencies WHERE job = NEW.id)
      OR EXISTS (SELECT FROM conduit_results WHERE job = NEW.id);
  END IF;
  IF needs_check THEN
    PERFORM conduit_check_ids(ARRAY[NEW.id]);
  END IF;
  RETURN NEW;
END $$;

-- Roles that may change jobs anyway, and functions with their owner's rights, are not checked.
CREATE TRIGGER conduit_check_id BEFORE INSERT ON jobs FOR EACH ROW
  WHEN (NOT pg_catalog.has_table_privilege('jobs'::regclass::oid, 'UPDATE'))
  EXECUTE FUNCTION conduit_check_id();

-- Gives a job that waits, and has not begun, what a new one says of it; returns whether it did. Unless
-- `at_most` is 0, it becomes due when the new one would be, but at most so many seconds after its enqueue.
CREATE FUNCTION conduit_replace(existing uuid, new_job conduit_new_job, at_most float8) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  due        CONSTANT timestamptz := coalesce(new_job.run_at, pg_catalog.now())
    + pg_catalog.make_interval(secs => new_job.delay);
  its_queue  text;
  its_run_at timestamptz;
BEGIN
  -- Checks both tables in turn, so that it finds a job that moves between them.
  UPDATE conduit_blocked_jobs AS job
  SET queue = new_job.queue, payload = new_job.payload, priority = new_job.priority,
      max_attempts = new_job.max_attempts, fingerprint = new_job.fingerprint, key = new_job.key,
      timeout = new_job.timeout, expires = new_job.expires, weight = new_job.weight,
      headers = new_job.headers,
      run_at = CASE WHEN at_most = 0::float8 THEN run_at
        ELSE least(due, created_at + pg_catalog.make_interval(secs => at_most)) END,
      delay = CASE WHEN at_most = 0::float8 THEN delay ELSE 0::float8 END
  WHERE id = existing AND error IS NULL;
  IF FOUND THEN
    RETURN true;
  END IF;
  UPDATE jobs
  SET queue = new_job.queue, payload = new_job.payload, priority = new_job.priority,
      max_attempts = new_job.max_attempts, fingerprint = new_job.fingerprint, key = new_job.key,
      timeout = new_job.timeout, expires = new_job.expires, weight = new_job.weight,
      headers = new_job.headers,
      error = NULL, refusals = NULL, begun = NULL,
      -- One that has expired is about to be cancelled, and the new one is not.
      run_at = CASE
        WHEN run_at + pg_catalog.make_interval(secs => jobs.expires) <= pg_catalog.clock_timestamp() THEN due
        WHEN at_most = 0::float8 THEN run_at
        ELSE least(due, created_at + pg_catalog.make_interval(secs => at_most)) END
  WHERE id = existing AND status = 'pending' AND started_at IS NULL
  RETURNING queue, run_at INTO its_queue, its_run_at;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF its_run_at < pg_catalog.clock_timestamp() - interval '5 seconds'
    AND pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
  THEN
    -- Claims skip the job while this transaction holds it, and may have gone on behind it.
    PERFORM pg_catalog.pg_notify(
      pg_catalog.concat('conduit_', 'jobs'::regclass::oid, '_', pg_catalog.hashtext(its_queue)), 'late');
  END IF;
  RETURN true;
END $$;

-- Stores unique jobs and flows. Only child jobs of the parents in `completed` are stored; NULL: the
-- jobs have no parents. If another job holds the key of a job, that job is not stored, and the function
-- returns its position and the existing job. Jobs that would wait for it wait for the existing job, and
-- for the jobs in front of it.
--
-- A job whose `at_mosts` is not NULL replaces an existing job that has not begun (conduit_replace). Behind
-- one that has begun it waits for its end, and takes its key. Of several such jobs the last one counts, also
-- before others of its key.
CREATE FUNCTION conduit_store(
  completed uuid[], parents uuid[], new_jobs conduit_new_job[], digests text[], unique_fors float8[],
  at_mosts float8[], befores uuid[], afters uuid[]
) RETURNS TABLE ("position" bigint, existing uuid)
LANGUAGE plpgsql
-- One plan, which takes linear time for any number of jobs and any settings of the session.
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = on SET enable_nestloop = off
SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  replaced uuid[];  -- by position: the job that has what this one says, and the one that this one waits for
  behind   uuid[];
  places   integer[];
  last     integer;
  place    integer;
  holder   uuid;
BEGIN
  digests := conduit_keyed(digests);
  IF pg_catalog.num_nonnulls(VARIADIC at_mosts) > 0 THEN
    FOR places IN
      SELECT pg_catalog.array_agg(ordinality::integer ORDER BY at_mosts[ordinality::integer] IS NOT NULL, ordinality)
      FROM pg_catalog.unnest(new_jobs) WITH ORDINALITY AS new
      WHERE digests[ordinality::integer] IS NOT NULL
        AND (completed IS NULL OR parents[ordinality::integer] = ANY (completed))
      GROUP BY type, digests[ordinality::integer]
      HAVING pg_catalog.count(at_mosts[ordinality::integer]) > 0
      ORDER BY type, digests[ordinality::integer]
    LOOP
      last := places[pg_catalog.cardinality(places)];
      INSERT INTO conduit_unique_keys AS held (type, key, job)
      VALUES ((new_jobs[last]).type, digests[last], (new_jobs[last]).id)
      ON CONFLICT (type, key) DO UPDATE SET job = held.job
      RETURNING job INTO holder;
      IF holder <> (new_jobs[last]).id AND NOT conduit_replace(holder, new_jobs[last], at_mosts[last]) THEN
        IF conduit_key_is_held(holder, NULL) THEN
          behind[last] := holder;
          new_jobs[last].flow := coalesce((new_jobs[last]).flow, (new_jobs[last]).id);
          new_jobs[last].on_failure := coalesce((new_jobs[last]).on_failure, 'continue');
        END IF;
        holder := (new_jobs[last]).id;
        UPDATE conduit_unique_keys SET job = holder, expires_at = NULL
        WHERE type = (new_jobs[last]).type AND key = digests[last];
      END IF;
      FOREACH place IN ARRAY places LOOP
        digests[place] := NULL;
        replaced[place] := CASE WHEN holder <> (new_jobs[place]).id THEN holder END;
      END LOOP;
    END LOOP;
  END IF;
  RETURN QUERY WITH RECURSIVE asked AS MATERIALIZED (
    SELECT
      new.*, parents[ordinality::integer] AS parent, digests[ordinality::integer] AS digest,
      unique_fors[ordinality::integer] AS unique_for, replaced[ordinality::integer] AS replaced,
      behind[ordinality::integer] AS behind, ordinality AS position
    FROM pg_catalog.unnest(new_jobs) WITH ORDINALITY AS new
    WHERE completed IS NULL
      OR parents[ordinality::integer] IN (SELECT pg_catalog.unnest(completed))
  ), held AS (
    -- Waits for keys that another transaction holds, in a fixed order, and only then checks whether
    -- their jobs exist.
    INSERT INTO conduit_unique_keys AS held (type, key, job, expires_at)
    SELECT DISTINCT ON (type, digest)
      type, digest, id, pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => unique_for)
    FROM asked
    WHERE digest IS NOT NULL
    ORDER BY type, digest, position
    ON CONFLICT (type, key) DO UPDATE SET (job, expires_at) = (
      SELECT CASE WHEN is_held THEN held.job ELSE excluded.job END,
             CASE WHEN is_held THEN held.expires_at ELSE excluded.expires_at END
      FROM (
        SELECT conduit_key_is_held(held.job, held.expires_at) AS is_held OFFSET 0
      ) AS present
    )
    RETURNING type, key, job
  ), duplicate AS MATERIALIZED (
    SELECT asked.id, held.job AS existing, asked.position
    FROM asked JOIN held ON held.type = asked.type AND held.key = asked.digest
    WHERE held.job <> asked.id
    UNION ALL
    SELECT id, replaced, position FROM asked WHERE replaced IS NOT NULL
  ), link AS MATERIALIZED (
    SELECT link.job, link.next, link.position
    FROM unnest(befores, afters) WITH ORDINALITY AS link (job, next, position)
    WHERE link.next IN (SELECT id FROM asked) AND (
      link.job IN (SELECT id FROM asked)
      -- Or an earlier call for the same large flow stored it.
      OR coalesce((SELECT flow FROM jobs WHERE id = link.job),
                  (SELECT flow FROM conduit_blocked_jobs WHERE id = link.job)) = (new_jobs[1]).flow)
  ), reach AS (
    SELECT job, next FROM link WHERE next NOT IN (SELECT id FROM duplicate)
    UNION
    SELECT link.job, reach.next
    FROM reach
    JOIN duplicate ON duplicate.id = reach.job
    JOIN link ON link.next = reach.job
  ), dependency AS MATERIALIZED (
    SELECT
      coalesce(duplicate.existing, reach.job) AS job, reach.next,
      pg_catalog.bool_or(duplicate.id IS NOT NULL AND duplicate.existing NOT IN (
        SELECT id FROM asked WHERE flow IS NOT NULL)) AS watched,
      pg_catalog.min(link.position) AS position
    FROM reach
    LEFT JOIN duplicate ON duplicate.id = reach.job
    LEFT JOIN link ON link.job = reach.job AND link.next = reach.next
    WHERE coalesce(duplicate.existing, reach.job) <> reach.next
    GROUP BY coalesce(duplicate.existing, reach.job), reach.next
    UNION ALL
    SELECT behind, id, true, 0 FROM asked WHERE behind IS NOT NULL
  ), kept AS MATERIALIZED (
    SELECT asked.*, coalesce(dependencies.count, 0)::integer AS waits_for, dependencies.follows
    FROM asked
    LEFT JOIN (
      SELECT next, pg_catalog.count(*), pg_catalog.array_agg(job ORDER BY position) AS follows
      FROM dependency GROUP BY next
    ) AS dependencies ON dependencies.next = asked.id
    WHERE asked.id NOT IN (SELECT id FROM duplicate)
  ), blocked AS (
    -- The columns of the type are last, so that both can get further ones.
    INSERT INTO conduit_blocked_jobs
    SELECT kept.waits_for, kept.follows, kept.parent, pg_catalog.now(), NULL, NULL, new.*
    FROM kept JOIN pg_catalog.unnest(new_jobs) AS new ON new.id = kept.id
    WHERE kept.waits_for > 0
  ), pending AS (
    INSERT INTO jobs (id, queue, type, payload, priority, max_attempts, fingerprint, key, timeout,
                      expires, weight, headers, flow, parent, run_at)
    SELECT id, queue, type, payload, priority, max_attempts, fingerprint, key, timeout,
           expires, weight, headers, flow, parent, coalesce(run_at, pg_catalog.now()) + pg_catalog.make_interval(secs => delay)
    FROM kept WHERE waits_for = 0 ORDER BY position
  ), depending AS (
    INSERT INTO conduit_dependencies (job, next, watched)
    SELECT job, next, watched FROM dependency
  )
  SELECT duplicate.position, duplicate.existing FROM duplicate ORDER BY duplicate.position;
END $$;

-- conduit_store with its owner's rights, for roles that enqueue: they cannot read keys, make the jobs of
-- others wait, take their place or their parents, or hold a key without a job.
CREATE FUNCTION conduit_enqueue(
  new_jobs conduit_new_job[], digests text[], unique_fors float8[], at_mosts float8[], befores uuid[],
  afters uuid[]
) RETURNS TABLE ("position" bigint, existing uuid)
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  -- A role that may change jobs anyway is not checked: the reads could make a serializable transaction fail.
  IF NOT pg_catalog.has_table_privilege(
    CASE pg_catalog.current_setting('role')
      WHEN 'none' THEN session_user::text ELSE pg_catalog.current_setting('role') END,
    'jobs'::regclass::oid, 'UPDATE')
  THEN
    PERFORM conduit_check_ids(ARRAY(SELECT id FROM pg_catalog.unnest(new_jobs)));
    IF pg_catalog.cardinality(afters) > 0
      AND pg_catalog.current_setting('transaction_isolation') <> 'read committed'
    THEN
      -- The snapshot may be older than a job with the id of a blocked one: try the id in jobs, and undo it.
      BEGIN
        INSERT INTO jobs (id, queue, type, payload, status, completed_at, notifies)
        SELECT id, queue, type, payload, 'cancelled', pg_catalog.now(), false
        FROM pg_catalog.unnest(new_jobs)
        WHERE id = ANY (afters);
        RAISE SQLSTATE 'UNDO0';
      EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
        NULL;
      END;
    END IF;
  END IF;
  RETURN QUERY SELECT * FROM conduit_store(
    NULL, '{}', new_jobs, digests, unique_fors, at_mosts, befores, afters);
END $$;

REVOKE ALL ON FUNCTION conduit_enqueue FROM PUBLIC;
REVOKE ALL ON FUNCTION conduit_key_is_held FROM PUBLIC;
REVOKE ALL ON FUNCTION conduit_keyed FROM PUBLIC;
REVOKE ALL ON FUNCTION conduit_check_id FROM PUBLIC;

CREATE TABLE conduit_results (
  job        uuid        PRIMARY KEY,
  value      jsonb       NOT NULL,
  expires_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_results IS 'return values of handlers, for types with keep_result';
COMMENT ON COLUMN conduit_results.job IS 'the job that returned it';
COMMENT ON COLUMN conduit_results.value IS 'the value, as JSON';
COMMENT ON COLUMN conduit_results.expires_at IS 'when it is forgotten';

CREATE INDEX conduit_results_expiry ON conduit_results (expires_at);

-- No foreign key: its checks would cost each record a further lookup, and each deleted job one.
CREATE TABLE conduit_steps (
  job        uuid        NOT NULL,
  name       text        NOT NULL CHECK (pg_catalog.octet_length(name) BETWEEN 1 AND 200),
  value      json,
  attempt    integer     NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at   timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (job, name) WITH (fillfactor = 70)
) WITH (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_steps IS 'records of the finished steps of jobs, and of their sleeps and waits: a later attempt gets the value and does not run the step again; deleted when the job completes, unless its queue has keep_steps';
COMMENT ON COLUMN conduit_steps.job IS 'the job';
COMMENT ON COLUMN conduit_steps.name IS 'the name of the step in its handler; of a wait, the name of its signal';
COMMENT ON COLUMN conduit_steps.value IS 'what the step returned, as JSON; NULL while the job waits for a signal';
COMMENT ON COLUMN conduit_steps.attempt IS 'the number of the attempt that ran it';
COMMENT ON COLUMN conduit_steps.started_at IS 'when it began';
COMMENT ON COLUMN conduit_steps.ended_at IS 'when it ended: when its record was stored, or when a sleep ends; while the job waits for a signal, the timeout';

CREATE TABLE conduit_signals (
  job        uuid        NOT NULL,
  name       text        NOT NULL CHECK (pg_catalog.octet_length(name) BETWEEN 1 AND 200),
  value      json        NOT NULL,
  PRIMARY KEY (job, name)
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_signals IS 'the first signal of each name that a job got; deleted when a job that waited completes';
COMMENT ON COLUMN conduit_signals.job IS 'the job';
COMMENT ON COLUMN conduit_signals.name IS 'the name of the signal';
COMMENT ON COLUMN conduit_signals.value IS 'its value, as JSON';

-- The table is often small when a statement is planned, and large when it runs. So these functions
-- forbid plans that read it whole.

-- Stores records of steps for the claims that still hold their jobs. Returns the places of these records
-- and, unless these are all, the places of those whose jobs are held; the others are locked. The lock of
-- a job makes whatever takes the job away wait for the record, so that the next attempt finds it. That
-- attempt looks for records only if the job has begun, so the first record writes that, too.
--
-- The record of a loop replaces that of its last turn, and ends the steps of the turn, whose names begin
-- with that of the loop.
CREATE FUNCTION conduit_store_steps(
  ids uuid[], tokens uuid[], names text[], contents text[], attempts integer[], elapsed bigint[],
  loops boolean[]
) RETURNS TABLE (stored bigint[], held bigint[])
LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH asked AS MATERIALIZED (
    SELECT asked.*
    FROM unnest(ids, tokens, names, contents, attempts, elapsed, loops) WITH ORDINALITY
      AS asked (id, token, name, value, attempt, elapsed, is_loop, place)
  ), locked AS MATERIALIZED (
    SELECT asked.* FROM asked JOIN jobs AS job ON job.id = asked.id
    WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
    FOR NO KEY UPDATE OF job SKIP LOCKED
  ), begun AS (
    UPDATE jobs AS job
    SET started_at = greatest(
      job.locked_at, pg_catalog.now() - locked.elapsed::float8 * interval '1 us')
    FROM locked
    WHERE job.id = locked.id AND job.started_at IS NULL
  ), inserted AS (
    INSERT INTO conduit_steps (job, name, value, attempt, started_at)
    SELECT id, name, value::json, attempt, pg_catalog.now() - elapsed::float8 * interval '1 us'
    FROM locked
    -- An earlier try may have stored it. ON CONFLICT would write more WAL.
    WHERE NOT is_loop AND NOT EXISTS (
      SELECT FROM conduit_steps AS step WHERE step.job = locked.id AND step.name = locked.name)
    ORDER BY place
  ), ended AS (
    DELETE FROM conduit_steps AS step USING locked
    WHERE is_loop AND step.job = locked.id
      AND pg_catalog.starts_with(step.name, locked.name || '/')
  ), turned AS (
    INSERT INTO conduit_steps (job, name, value, attempt, started_at)
    SELECT id, name, value::json, attempt, pg_catalog.now() - elapsed::float8 * interval '1 us'
    FROM locked WHERE is_loop
    ON CONFLICT (job, name) DO UPDATE
    SET value = excluded.value, attempt = excluded.attempt, ended_at = excluded.ended_at
  )
  SELECT ARRAY(SELECT place FROM locked), CASE
    WHEN (SELECT pg_catalog.count(*) FROM locked) < (SELECT pg_catalog.count(*) FROM asked)
    THEN ARRAY(
      SELECT asked.place FROM asked JOIN jobs AS job ON job.id = asked.id
      WHERE job.token = asked.token AND coalesce(job.status = 'running', false)) END;
END $$;

-- The finished steps of jobs that these claims still hold, and the sleeps among them that go on.
CREATE FUNCTION conduit_read_steps(ids uuid[], tokens uuid[])
RETURNS TABLE (id uuid, token uuid, names text[], contents text[], asleep text[])
LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT job.id, job.token, step.names, step.contents, step.asleep
  FROM unnest(ids, tokens) AS asked (id, token)
  JOIN jobs AS job ON job.id = asked.id
  CROSS JOIN LATERAL (
    SELECT pg_catalog.array_agg(name) AS names, pg_catalog.array_agg(value::text) AS contents,
           pg_catalog.array_agg(name) FILTER (WHERE ended_at > pg_catalog.now()) AS asleep
    FROM conduit_steps WHERE conduit_steps.job = asked.id AND value IS NOT NULL
  ) AS step
  WHERE job.token = asked.token AND coalesce(job.status = 'running', false);
END $$;

-- Begins these sleeps and waits for signals of jobs that these claims still hold, unless they have begun,
-- and ends the waits whose signal has come or whose time is over. Returns the value of each that has
-- ended, and of the others the seconds that are left; without both, its job is locked. A job that has to
-- wait becomes due at the first of these ends, once its attempt has ended. The lock of the job comes
-- first: a signal is either stored before this call reads, or its sender finds the wait.
CREATE FUNCTION conduit_wait(
  ids uuid[], tokens uuid[], names text[], durations float8[], are_signals boolean[], attempts integer[]
) RETURNS TABLE (place bigint, value text, remaining float8)
LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  locked bigint[] := ARRAY(
    SELECT asked.place
    FROM unnest(ids, tokens) WITH ORDINALITY AS asked (id, token, place)
    JOIN jobs AS job ON job.id = asked.id
    WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
    FOR NO KEY UPDATE OF job SKIP LOCKED);
BEGIN
  INSERT INTO conduit_steps (job, name, value, attempt, started_at, ended_at)
  SELECT asked.id, asked.name, CASE WHEN NOT asked.is_signal THEN 'null'::json END, asked.attempt,
         pg_catalog.now(), pg_catalog.now() + pg_catalog.make_interval(secs => asked.duration)
  FROM unnest(ids, names, durations, are_signals, attempts) WITH ORDINALITY
    AS asked (id, name, duration, is_signal, attempt, place)
  WHERE asked.place = ANY (locked) AND NOT EXISTS (
    SELECT FROM conduit_steps AS step WHERE step.job = asked.id AND step.name = asked.name)
  ORDER BY asked.place;
  UPDATE conduit_steps AS step
  SET value = coalesce(signal.value, 'null'::json), ended_at = pg_catalog.now()
  FROM unnest(ids, names) WITH ORDINALITY AS asked (id, name, place)
  LEFT JOIN conduit_signals AS signal ON signal.job = asked.id AND signal.name = asked.name
  WHERE asked.place = ANY (locked) AND step.job = asked.id AND step.name = asked.name
    AND step.value IS NULL AND (signal.job IS NOT NULL OR step.ended_at <= pg_catalog.now());
  UPDATE jobs AS job
  SET started_at = coalesce(job.started_at, job.locked_at),
      -- The signal of an earlier wait of this attempt has made the job due.
      run_at = CASE WHEN job.run_at > job.locked_at AND job.run_at <= pg_catalog.clock_timestamp() THEN job.run_at
        ELSE coalesce(due.at, job.run_at) END
  FROM (
    SELECT asked.id, pg_catalog.bool_or(
      step.value IS NULL OR NOT asked.is_signal AND step.ended_at > pg_catalog.now()) AS waits
    FROM unnest(ids, names, are_signals) WITH ORDINALITY AS asked (id, name, is_signal, place)
    JOIN conduit_steps AS step ON step.job = asked.id AND step.name = asked.name
    WHERE asked.place = ANY (locked)
    GROUP BY asked.id
  ) AS asked
  CROSS JOIN LATERAL (
    SELECT pg_catalog.min(ended_at) AS at FROM conduit_steps AS step
    WHERE asked.waits AND step.job = asked.id AND step.ended_at > pg_catalog.now()
  ) AS due
  WHERE job.id = asked.id AND (due.at IS NOT NULL OR job.started_at IS NULL);
  RETURN QUERY SELECT
    asked.place,
    CASE WHEN asked.is_signal OR step.ended_at <= pg_catalog.now() THEN step.value::text END,
    EXTRACT(epoch FROM step.ended_at - pg_catalog.now())::float8
  FROM unnest(ids, names, are_signals) WITH ORDINALITY AS asked (id, name, is_signal, place)
  JOIN conduit_steps AS step ON step.job = asked.id AND step.name = asked.name
  WHERE asked.place = ANY (locked)
  UNION ALL
  SELECT asked.place, NULL, NULL
  FROM unnest(ids, tokens) WITH ORDINALITY AS asked (id, token, place)
  JOIN jobs AS job ON job.id = asked.id
  WHERE asked.place <> ALL (locked)
    AND job.token = asked.token AND coalesce(job.status = 'running', false);
END $$;

-- Stores a signal for the job with this id, or else for the existing job of this key of its type. Returns
-- false if the job has ended or does not exist, if it has a signal of this name, or if it waits for it no
-- longer. A job that waits for the signal becomes due. The function has its owner's rights, so that a role
-- that may only enqueue can send signals.
CREATE FUNCTION conduit_signal(wanted uuid, its_type text, digest text, signal text, content json)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET enable_seqscan = off AS $$
DECLARE
  is_blocked boolean;
  its_queue  text;
BEGIN
  IF wanted IS NULL THEN
    SELECT job INTO wanted FROM conduit_unique_keys
    WHERE type = its_type AND key = (conduit_keyed(ARRAY[digest]))[1];
  END IF;
  -- Checks both tables in turn, so that it finds a job that moves between them.
  PERFORM FROM conduit_blocked_jobs WHERE id = wanted AND error IS NULL FOR NO KEY UPDATE;
  is_blocked := FOUND;
  PERFORM FROM jobs WHERE id = wanted AND status IN ('pending', 'running') FOR NO KEY UPDATE;
  IF NOT (is_blocked OR FOUND)
    OR EXISTS (SELECT FROM conduit_steps WHERE job = wanted AND name = signal AND value IS NOT NULL)
  THEN
    RETURN false;
  END IF;
  INSERT INTO conduit_signals (job, name, value) VALUES (wanted, signal, content) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  -- Due at once, also in this transaction; an attempt that runs is told by a time after its claim.
  UPDATE jobs SET run_at = greatest(pg_catalog.now(), locked_at + interval '1 microsecond')
  WHERE id = wanted AND run_at > pg_catalog.clock_timestamp()
    AND EXISTS (SELECT FROM conduit_steps WHERE job = wanted AND name = signal AND value IS NULL)
  RETURNING queue INTO its_queue;
  IF FOUND AND pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off' THEN
    PERFORM pg_catalog.pg_notify(
      pg_catalog.concat('conduit_', 'jobs'::regclass::oid, '_', pg_catalog.hashtext(its_queue)),
      CASE WHEN pg_catalog.now() < pg_catalog.clock_timestamp() - interval '5 seconds'
        THEN 'late' ELSE '' END);
  END IF;
  RETURN true;
END $$;

REVOKE ALL ON FUNCTION conduit_signal FROM PUBLIC;

-- Deletes the signals of completed jobs and, unless their queues keep them, the records of their steps;
-- returns how many records.
CREATE FUNCTION conduit_drop_steps(ids uuid[]) RETURNS bigint
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  count bigint;
BEGIN
  DELETE FROM conduit_signals WHERE job = ANY (ids);
  IF EXISTS (SELECT FROM conduit_queues WHERE keep_steps > 0::float8) THEN
    ids := ARRAY(
      SELECT job.id FROM jobs AS job
      WHERE job.id = ANY (ids) AND NOT EXISTS (
        SELECT FROM conduit_queues AS queue WHERE queue.name = job.queue AND queue.keep_steps > 0::float8));
  END IF;
  DELETE FROM conduit_steps WHERE job = ANY (ids);
  GET DIAGNOSTICS count = ROW_COUNT;
  RETURN count;
END $$;

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

COMMENT ON TABLE conduit_schedules IS 'what enqueues a job at each of its ticks';
COMMENT ON COLUMN conduit_schedules.name IS 'a name; adding a schedule again replaces it';
COMMENT ON COLUMN conduit_schedules.max_attempts IS 'of the jobs that it enqueues';
COMMENT ON COLUMN conduit_schedules.timeout IS 'the most seconds of one attempt of these jobs';
COMMENT ON COLUMN conduit_schedules.every IS 'seconds from tick to tick; NULL: the schedule has a cron expression';
COMMENT ON COLUMN conduit_schedules.cron IS 'a cron expression of five fields; NULL: the schedule has a period';
COMMENT ON COLUMN conduit_schedules.timezone IS 'time zone of the cron expression';
COMMENT ON COLUMN conduit_schedules.missed IS 'skip, once or all: what happens to ticks that no scheduler saw';
COMMENT ON COLUMN conduit_schedules.enabled IS 'false: it enqueues nothing';
COMMENT ON COLUMN conduit_schedules.next_run_at IS 'the next tick; the scheduler that enqueues its job moves it on';
COMMENT ON COLUMN conduit_schedules.last_run_at IS 'the last tick whose job was enqueued';
COMMENT ON COLUMN conduit_schedules.last_job_id IS 'that job';
COMMENT ON COLUMN conduit_schedules.failures IS 'how many times in a row enqueueing the job of this tick failed';
COMMENT ON COLUMN conduit_schedules.error IS 'why the last of these failed';
COMMENT ON COLUMN conduit_schedules.retry_at IS 'when a failed tick is retried';

CREATE TABLE conduit_queues (
  name        text        PRIMARY KEY CHECK (pg_catalog.octet_length(name) BETWEEN 1 AND 200),
  paused_at   timestamptz,
  concurrency integer     CHECK (concurrency > 0),
  key_concurrency integer CHECK (key_concurrency > 0),
  fair        boolean,
  fair_from   text        CHECK (fair_from IN ('source', 'command')),
  keep_completed float8   CHECK (keep_completed >= 0::float8),
  keep_failed    float8   CHECK (keep_failed >= 0::float8),
  keep_steps     float8   CHECK (keep_steps >= 0::float8)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE conduit_queues IS 'pauses, limits and retention of queues; a queue without a row has none';
COMMENT ON COLUMN conduit_queues.name IS 'the queue';
COMMENT ON COLUMN conduit_queues.paused_at IS 'when the queue was paused; NULL: not paused';
COMMENT ON COLUMN conduit_queues.concurrency IS 'how many of its jobs may run at once, over all workers; NULL: any number';
COMMENT ON COLUMN conduit_queues.key_concurrency IS 'how many of its jobs of one key may run at once; NULL: any number';
COMMENT ON COLUMN conduit_queues.fair IS 'whether its jobs start by turns of their keys; NULL: no';
COMMENT ON COLUMN conduit_queues.fair_from IS 'source or command: where that is set; NULL: nowhere';
COMMENT ON COLUMN conduit_queues.keep_completed IS 'after how many seconds completed and cancelled jobs are deleted; NULL: as its workers say';
COMMENT ON COLUMN conduit_queues.keep_failed IS 'after how many seconds failed jobs are deleted; NULL: as its workers say';
COMMENT ON COLUMN conduit_queues.keep_steps IS 'after how many seconds the records of the steps of completed jobs are deleted; NULL: when the jobs complete';

CREATE TABLE conduit_type_limits (
  type             text    PRIMARY KEY CHECK (pg_catalog.octet_length(type) BETWEEN 1 AND 200),
  concurrency      integer CHECK (concurrency > 0),
  concurrency_from text    CHECK (concurrency_from IN ('source', 'command')),
  starts           integer CHECK (starts > 0),
  seconds          float8  CHECK (seconds > 0::float8 AND seconds <= 31536000::float8),
  rate_from        text    CHECK (rate_from IN ('source', 'command')),
  key_concurrency  integer CHECK (key_concurrency > 0),
  key_concurrency_from text CHECK (key_concurrency_from IN ('source', 'command')),
  key_starts       integer CHECK (key_starts > 0),
  key_seconds      float8  CHECK (key_seconds > 0::float8 AND key_seconds <= 31536000::float8),
  key_rate_from    text    CHECK (key_rate_from IN ('source', 'command')),
  key_order        text    CHECK (key_order IN ('hold', 'skip')),
  CHECK (pg_catalog.num_nulls(key_starts, key_seconds) <> 1),
  CHECK (pg_catalog.num_nulls(starts, seconds) <> 1)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE conduit_type_limits IS 'limits of job types over all workers';
COMMENT ON COLUMN conduit_type_limits.type IS 'the job type';
COMMENT ON COLUMN conduit_type_limits.concurrency IS 'how many of its jobs may run at once; NULL: any number';
COMMENT ON COLUMN conduit_type_limits.concurrency_from IS 'source: the code of the live worker that started last; command: conduit-jobs or Queue; NULL: nothing sets it';
COMMENT ON COLUMN conduit_type_limits.starts IS 'how many of its jobs may start within any period; NULL: any number';
COMMENT ON COLUMN conduit_type_limits.seconds IS 'the length of the period';
COMMENT ON COLUMN conduit_type_limits.rate_from IS 'what sets starts and seconds, as concurrency_from';
COMMENT ON COLUMN conduit_type_limits.key_concurrency IS 'how many of its jobs of one key may run at once; NULL: any number';
COMMENT ON COLUMN conduit_type_limits.key_concurrency_from IS 'what sets key_concurrency, as concurrency_from';
COMMENT ON COLUMN conduit_type_limits.key_starts IS 'how many of its jobs of one key may start within any period; NULL: any number';
COMMENT ON COLUMN conduit_type_limits.key_seconds IS 'the length of that period';
COMMENT ON COLUMN conduit_type_limits.key_rate_from IS 'what sets key_starts and key_seconds, as concurrency_from';
COMMENT ON COLUMN conduit_type_limits.key_order IS 'the source says that its jobs of one key run one after another: a failed one holds its key, or is skipped; NULL: no order';

CREATE TABLE conduit_rate_usage (
  type   text        NOT NULL,
  until  timestamptz NOT NULL,
  starts bigint      NOT NULL,
  PRIMARY KEY (type, until)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE conduit_rate_usage IS 'recent starts of types with a rate; at most a hundred rows a period';
COMMENT ON COLUMN conduit_rate_usage.type IS 'the job type';
COMMENT ON COLUMN conduit_rate_usage.until IS 'the starts happened shortly before this time';
COMMENT ON COLUMN conduit_rate_usage.starts IS 'how many, each as often as its job weighs';

-- A claim inserts a row and deletes the one that it read, since the newest row of an index is found
-- at once even while another transaction holds a snapshot.
CREATE TABLE conduit_turns (
  queue    text        NOT NULL,
  priority integer     NOT NULL,
  ring     text        NOT NULL,
  seq      bigint      GENERATED ALWAYS AS IDENTITY,
  position text        NOT NULL,
  at       timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (queue, priority, ring, seq)
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_turns IS 'whose turn is next in fair queues';
COMMENT ON COLUMN conduit_turns.queue IS 'the fair queue';
COMMENT ON COLUMN conduit_turns.priority IS 'the priority of the jobs; each has turns of its own';
COMMENT ON COLUMN conduit_turns.ring IS 'the group whose keys take turns; empty: the keys and groups of the queue';
COMMENT ON COLUMN conduit_turns.seq IS 'the last one holds';
COMMENT ON COLUMN conduit_turns.position IS 'the next turn is that of the first key from here on, in the order of bytes';
COMMENT ON COLUMN conduit_turns.at IS 'when the last turn was taken';

CREATE TABLE conduit_key_usage (
  type   text        NOT NULL,
  key    text        NOT NULL,
  until  timestamptz NOT NULL,
  starts bigint      NOT NULL,
  kept_until timestamptz NOT NULL,
  PRIMARY KEY (type, key, until)
) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX conduit_key_usage_kept ON conduit_key_usage (kept_until);

COMMENT ON TABLE conduit_key_usage IS 'recent starts of types with a rate by key, as in conduit_rate_usage';
COMMENT ON COLUMN conduit_key_usage.type IS 'the job type';
COMMENT ON COLUMN conduit_key_usage.key IS 'the key of the jobs';
COMMENT ON COLUMN conduit_key_usage.until IS 'the starts happened shortly before this time';
COMMENT ON COLUMN conduit_key_usage.starts IS 'how many, each as often as its job weighs';
COMMENT ON COLUMN conduit_key_usage.kept_until IS 'when they no longer count';

-- Adds histograms bucket by bucket; missing buckets count as zero.
CREATE FUNCTION conduit_add_histograms(one bigint[], other bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT coalesce(pg_catalog.array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY place), '{}')
  FROM unnest($1, $2) WITH ORDINALITY AS pair (a, b, place);
END;

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
  expired   bigint      NOT NULL DEFAULT 0,
  duration  float8      NOT NULL DEFAULT 0,
  wait      float8      NOT NULL DEFAULT 0,
  durations bigint[]    NOT NULL DEFAULT '{}',
  waits     bigint[]    NOT NULL DEFAULT '{}',
  PRIMARY KEY (seconds, starts_at, queue, type)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

COMMENT ON TABLE conduit_metrics IS 'outcomes of attempts by minute; merged into hours after two hours, into days after two days';
COMMENT ON COLUMN conduit_metrics.seconds IS 'length of the period that begins at starts_at: 60, 3600 or 86400';
COMMENT ON COLUMN conduit_metrics.starts_at IS 'the begin of the period';
COMMENT ON COLUMN conduit_metrics.queue IS 'the queue of the jobs';
COMMENT ON COLUMN conduit_metrics.type IS 'their type';
COMMENT ON COLUMN conduit_metrics.succeeded IS 'attempts that completed their job';
COMMENT ON COLUMN conduit_metrics.failed IS 'failed attempts, retried and discarded ones included';
COMMENT ON COLUMN conduit_metrics.retried IS 'failed attempts that another attempt follows';
COMMENT ON COLUMN conduit_metrics.discarded IS 'failed attempts whose handler raised Discard';
COMMENT ON COLUMN conduit_metrics.snoozed IS 'attempts whose handler raised Snooze';
COMMENT ON COLUMN conduit_metrics.cancelled IS 'attempts that were stopped';
COMMENT ON COLUMN conduit_metrics.expired IS 'jobs that were cancelled since they had not started in time';
COMMENT ON COLUMN conduit_metrics.duration IS 'sum of the run times, in seconds';
COMMENT ON COLUMN conduit_metrics.wait IS 'sum of the times from due to start, in seconds';
COMMENT ON COLUMN conduit_metrics.durations IS 'histogram: the n-th bound is 0.001 * sqrt(2) ^ (n - 1) seconds, the 55th none';
COMMENT ON COLUMN conduit_metrics.waits IS 'the same of the times from due to start';

CREATE TABLE conduit_failure_notices (
  job      uuid        PRIMARY KEY,
  queue    text        NOT NULL,
  since    timestamptz NOT NULL DEFAULT pg_catalog.now(),
  reporter text
) WITH (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

COMMENT ON TABLE conduit_failure_notices IS 'jobs that ended failed in a rescue, until a worker''s on_failed has returned';
COMMENT ON COLUMN conduit_failure_notices.job IS 'the job';
COMMENT ON COLUMN conduit_failure_notices.queue IS 'its queue';
COMMENT ON COLUMN conduit_failure_notices.since IS 'when it ended';
COMMENT ON COLUMN conduit_failure_notices.reporter IS 'the worker that took the notice; if it is no longer registered, another takes it';

CREATE TABLE conduit_audit (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          timestamptz NOT NULL DEFAULT pg_catalog.now(),
  actor       text        NOT NULL,
  action      text        NOT NULL,
  target      jsonb       NOT NULL,
  count       bigint      NOT NULL,
  total       bigint,
  state       text        NOT NULL DEFAULT 'done'
              CHECK (state IN ('done', 'running', 'stopping', 'stopped', 'interrupted', 'failed')),
  seen_at     timestamptz,
  finished_at timestamptz
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX conduit_audit_action ON conduit_audit (action, id);
CREATE INDEX conduit_audit_actor ON conduit_audit (actor, id);

COMMENT ON TABLE conduit_audit IS 'what users of the dashboard did; kept for a year';
COMMENT ON COLUMN conduit_audit.id IS 'later actions have greater ids';
COMMENT ON COLUMN conduit_audit.at IS 'when its transaction began';
COMMENT ON COLUMN conduit_audit.actor IS 'the user, as the application or the login names it';
COMMENT ON COLUMN conduit_audit.action IS 'retry, cancel, pause and so on';
COMMENT ON COLUMN conduit_audit.target IS 'the ids, the filter or the names that it was about; sensitive values are masked';
COMMENT ON COLUMN conduit_audit.count IS 'how many jobs, queues or schedules it changed';
COMMENT ON COLUMN conduit_audit.total IS 'how many jobs matched when an action in the background began; NULL: it was not counted';
COMMENT ON COLUMN conduit_audit.state IS 'done, or how an action in the background is getting on: running, stopping, stopped, interrupted or failed';
COMMENT ON COLUMN conduit_audit.seen_at IS 'when an action in the background last changed jobs or searched for some';
COMMENT ON COLUMN conduit_audit.finished_at IS 'when an action in the background ended';

CREATE TABLE conduit_job_types (
  type         text        NOT NULL CHECK (pg_catalog.octet_length(type) BETWEEN 1 AND 200),
  fingerprint  text        NOT NULL,
  queue        text        NOT NULL,
  description  jsonb       NOT NULL,
  described_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (type, fingerprint)
) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

COMMENT ON TABLE conduit_job_types IS 'what workers said of the job types that they have code of; the dashboard reads it';
COMMENT ON COLUMN conduit_job_types.type IS 'the job type';
COMMENT ON COLUMN conduit_job_types.fingerprint IS 'a shape of its payload, as in jobs; empty: a handler that takes any';
COMMENT ON COLUMN conduit_job_types.queue IS 'where its jobs go unless they say otherwise; empty: the code does not say';
COMMENT ON COLUMN conduit_job_types.description IS 'fields of the payload and which are sensitive, source, hooks, jobs enqueued, services called, options';
COMMENT ON COLUMN conduit_job_types.described_at IS 'when a worker last said something new of it';

-- These functions have to find our tables with any search path of their caller.
DO $$
DECLARE
  each regprocedure;
BEGIN
  FOREACH each IN ARRAY ARRAY[
    'conduit_release'::regproc, 'conduit_advance'::regproc, 'conduit_cancel'::regproc,
    'conduit_claim'::regproc, 'conduit_reclaim'::regproc, 'conduit_enqueue'::regproc,
    'conduit_announce_end'::regproc, 'conduit_store'::regproc, 'conduit_check_ids'::regproc,
    'conduit_check_id'::regproc, 'conduit_keyed'::regproc, 'conduit_retry_changed'::regproc,
    'conduit_store_steps'::regproc, 'conduit_read_steps'::regproc, 'conduit_drop_steps'::regproc,
    'conduit_wait'::regproc, 'conduit_signal'::regproc, 'conduit_replace'::regproc
  ]::regprocedure[] LOOP
    EXECUTE pg_catalog.format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp',
                              each, pg_catalog.current_schema());
  END LOOP;
END $$;

SELECT conduit_keyed('{}');  -- makes the secret
