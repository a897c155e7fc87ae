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
  notifies     boolean     NOT NULL DEFAULT true
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
COMMENT ON COLUMN jobs.notifies IS 'whether the commit of the new row looks for an idle worker; false: its statement found none';

CREATE INDEX jobs_claim ON jobs (queue, priority DESC, type, fingerprint, run_at, seq)
  WHERE status = 'pending';
CREATE INDEX jobs_running ON jobs (locked_by) WHERE status = 'running';
CREATE INDEX jobs_failed ON jobs (id) WHERE status = 'failed';

CREATE TABLE conduit_workers (
  name       text        PRIMARY KEY,
  lock_key   bigint,
  heartbeat  bigint      NOT NULL DEFAULT 0,
  host       text        NOT NULL,
  pid        integer     NOT NULL,
  queues     text[]      NOT NULL,
  lanes      jsonb       NOT NULL,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  seen_at    timestamptz NOT NULL DEFAULT pg_catalog.now()
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON COLUMN conduit_workers.lock_key IS 'advisory lock that the worker''s session holds while it lives; none behind a pooler';
COMMENT ON COLUMN conduit_workers.heartbeat IS 'counts up every second while the worker lives';

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
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.notifies)
  EXECUTE FUNCTION conduit_notify();

CREATE TABLE conduit_unique_keys (
  type       text        NOT NULL,
  key        text        NOT NULL CHECK (pg_catalog.octet_length(key) = 64),
  job        uuid        NOT NULL,
  expires_at timestamptz CHECK (pg_catalog.isfinite(expires_at)),
  PRIMARY KEY (type, key)
) WITH (
  fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05
);

COMMENT ON TABLE conduit_unique_keys IS 'the existing job of a key; no other of its type with that key is enqueued meanwhile';
COMMENT ON COLUMN conduit_unique_keys.key IS 'SHA-256 of the type and the value, so that nobody reads a value here';
COMMENT ON COLUMN conduit_unique_keys.expires_at IS 'until when the key is held; NULL: until its job ended';

CREATE TABLE conduit_blocked_jobs (
  id           uuid        PRIMARY KEY,
  flow         uuid        NOT NULL,
  queue        text        NOT NULL CHECK (pg_catalog.octet_length(queue) BETWEEN 1 AND 200),
  type         text        NOT NULL CHECK (pg_catalog.octet_length(type) BETWEEN 1 AND 200),
  fingerprint  text        NOT NULL,
  payload      jsonb       NOT NULL,
  priority     integer     NOT NULL CHECK (priority BETWEEN 0 AND 100),
  max_attempts integer     NOT NULL,
  timeout      float8,
  run_at       timestamptz CHECK (pg_catalog.isfinite(run_at)),
  delay        float8      NOT NULL CHECK (delay BETWEEN -31536000000::float8 AND 31536000000::float8),
  waits_for    integer     NOT NULL CHECK (waits_for >= 0),
  on_failure   text        NOT NULL CHECK (on_failure IN ('cancel', 'continue')),
  created_at   timestamptz NOT NULL DEFAULT pg_catalog.now(),
  trace        jsonb,
  error        text
) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_blocked_jobs IS 'jobs that are none yet: they wait for others of their flow';
COMMENT ON COLUMN conduit_blocked_jobs.delay IS 'seconds between the end of the last of those and its start';
COMMENT ON COLUMN conduit_blocked_jobs.waits_for IS 'how many jobs must end first; each has a row in conduit_dependencies';
COMMENT ON COLUMN conduit_blocked_jobs.error IS 'why it failed without becoming a job: Postgres refuses the row in jobs';

CREATE TABLE conduit_dependencies (
  job     uuid    NOT NULL,
  next    uuid    NOT NULL,
  watched boolean NOT NULL DEFAULT false,
  PRIMARY KEY (job, next)
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_dependencies IS 'next waits for job; the row goes when job ends';
COMMENT ON COLUMN conduit_dependencies.watched IS 'workers look whether job has ended: it is not of the flow, or more of them wait than its end released';

CREATE INDEX conduit_dependencies_watched ON conduit_dependencies (job, next) WHERE watched;

-- Makes jobs of these blocked jobs, each with its status; returns those that have ended with it. What
-- Postgres refuses alone ends as failed with the reason. If the row is refused even so, the reason
-- stays with the blocked job. A job of the same id may exist already: then that one counts, and
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
                        trace, created_at, run_at, status, completed_at, error)
      SELECT id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout,
             trace, created_at,
             CASE WHEN status = 'pending'
               THEN coalesce(run_at, pg_catalog.now()) + pg_catalog.make_interval(secs => delay)
               ELSE pg_catalog.now() END,
             status,
             CASE WHEN status <> 'pending' THEN pg_catalog.now() END,
             CASE WHEN status <> 'pending' THEN reason END
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
    -- Connections, serialization, resources, locks, operators and the system itself.
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

DO $$
BEGIN
  EXECUTE pg_catalog.format('ALTER FUNCTION conduit_release(uuid[], text[], text) SET search_path = pg_catalog, %I, pg_temp',
                 pg_catalog.current_schema());
END $$;

-- Of these jobs, those that have ended let go of what waits for them: it becomes a job when nothing
-- is left to wait for, and a cancelled one when what it waited for did not succeed and it asks for
-- that; and so on with what waits for the cancelled. `dropped` are blocked ones to cancel anyway.
--
-- This deletes at most `budget` dependencies, of each job its share. Of a job that has more, the
-- first that is left is marked as watched, so that workers go on from there; returns those jobs.
-- In the background, this starts at the first that is marked and marks what others have locked.
CREATE FUNCTION conduit_advance(
  ended uuid[], dropped uuid[], budget integer, background boolean
) RETURNS uuid[]
LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
  past      uuid[] := ended;
  at_mark   boolean := background;
  share     integer;
  befores   uuid[];  -- of dependencies: those that were found, that go, and that are left
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
    -- Half of it is for what waits for the cancelled in turn.
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
      -- In one order, so that two who end jobs of the same flows do not wait for each other.
      PERFORM FROM conduit_blocked_jobs
      WHERE id IN (SELECT next FROM unnest(nexts, is_beyond) AS found (next, beyond) WHERE NOT beyond)
      ORDER BY id
      FOR UPDATE;
    END IF;
    -- Not those that others have locked, and of payloads no more than some megabytes.
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

DO $$
BEGIN
  EXECUTE pg_catalog.format(
    'ALTER FUNCTION conduit_advance(uuid[], uuid[], integer, boolean) SET search_path = pg_catalog, %I, pg_temp',
    pg_catalog.current_schema());
END $$;

-- Looks into both tables one after the other, so that a job that moves between them is not missed.
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
      locked_by = NULL, locked_at = NULL, leased_until = NULL
  WHERE id = wanted AND status IN ('pending', 'running')
  RETURNING flow INTO its_flow;
  is_changed := FOUND;
  IF is_running AND pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off' THEN
    -- A worker that holds it does not start it any more.
    PERFORM pg_catalog.pg_notify(pg_catalog.concat('conduit_', 'jobs'::regclass::oid), 'control');
  END IF;
  IF is_blocked THEN
    PERFORM conduit_advance('{}'::uuid[], ARRAY[wanted], 2000, false);
  ELSIF its_flow IS NOT NULL THEN
    PERFORM conduit_advance(ARRAY[wanted], '{}'::uuid[], 2000, false);
  END IF;
  RETURN is_blocked OR is_changed;
END $$;

DO $$
BEGIN
  EXECUTE pg_catalog.format('ALTER FUNCTION conduit_cancel(uuid) SET search_path = pg_catalog, %I, pg_temp',
                 pg_catalog.current_schema());
END $$;

-- Takes these running jobs back from a worker that died; returns them as they are now. One that
-- Postgres refuses to change so ends as failed with the reason. If that is refused as well, or the
-- reason may pass, it stays as it was.
CREATE FUNCTION conduit_reclaim(ids uuid[], refusal text) RETURNS SETOF jobs
LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  half    CONSTANT integer := pg_catalog.cardinality(ids) / 2;
  refused text;
  is_transient boolean;
BEGIN
  BEGIN
    RETURN QUERY UPDATE jobs AS job
    SET status = CASE WHEN refusal IS NOT NULL OR start_written AND attempts >= max_attempts
          THEN 'failed' ELSE 'pending' END,
        completed_at = CASE WHEN refusal IS NOT NULL OR start_written AND attempts >= max_attempts
          THEN pg_catalog.now() END,
        rescues = least(rescues, 2147483646) + 1,
        error = CASE WHEN refusal IS NOT NULL THEN refusal
          WHEN start_written THEN 'the worker died' ELSE error END,
        errors = CASE WHEN start_written AND refusal IS NULL
          THEN CASE WHEN pg_catalog.jsonb_typeof(errors) IS DISTINCT FROM 'array' THEN '[]'
            WHEN pg_catalog.jsonb_array_length(errors) >= 25 THEN errors - 0 ELSE errors END
            || pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
              'at', pg_catalog.now(), 'attempt', attempts,
              'error', pg_catalog.concat('the worker died: ', locked_by)))
          ELSE errors END,
        progress = NULL, token = NULL, locked_by = NULL, locked_at = NULL, leased_until = NULL
    FROM pg_catalog.unnest(ids) AS asked (id)
    WHERE job.id = asked.id
    RETURNING job.*;
    RETURN;
  EXCEPTION WHEN OTHERS THEN
    refused := SQLERRM;
    is_transient := pg_catalog.left(SQLSTATE, 2) IN ('08', '40', '53', '55', '57', '58');
  END;
  IF half > 0 THEN
    RETURN QUERY SELECT * FROM conduit_reclaim(ids[:half], NULL::text);
    RETURN QUERY SELECT * FROM conduit_reclaim(ids[half + 1:], NULL::text);
  ELSIF refusal IS NULL AND NOT is_transient THEN
    RETURN QUERY SELECT * FROM conduit_reclaim(
      ids,
      pg_catalog.concat('the worker died, and Postgres refused to take the job back: ', refused));
  ELSE
    RETURN QUERY SELECT * FROM jobs WHERE id = ids[1];
  END IF;
END $$;

DO $$
BEGIN
  EXECUTE pg_catalog.format('ALTER FUNCTION conduit_reclaim(uuid[], text) SET search_path = pg_catalog, %I, pg_temp',
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
      OR EXISTS (
        SELECT FROM conduit_blocked_jobs
        WHERE conduit_blocked_jobs.id = $1 AND conduit_blocked_jobs.error IS NULL)
    ELSE $2 > pg_catalog.clock_timestamp()
  END;
END;

-- Stores unique jobs and flows, with its owner's rights: a role that enqueues sees no key and can
-- neither make others' jobs wait nor hold a key without a job. `completed` are those of the parents
-- whose children are stored; NULL: the jobs have none. Of the jobs whose key another one holds, it
-- returns position and the existing job: what waits for such a job waits for the existing one
-- instead, and for what the job itself would have waited for.
CREATE FUNCTION conduit_enqueue(
  completed uuid[], parents uuid[], ids uuid[], queues text[], types text[], fingerprints text[],
  payloads text[], priorities integer[], max_attempts integer[], timeouts float8[],
  run_ats timestamptz[], delays float8[], traces text[], keys text[], unique_fors float8[],
  flows uuid[], on_failures text[], befores uuid[], afters uuid[]
) RETURNS TABLE ("position" bigint, existing uuid)
LANGUAGE plpgsql SECURITY DEFINER
-- One plan, which takes linear time whatever the number of jobs and the settings of the session.
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = on SET enable_nestloop = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH RECURSIVE asked AS MATERIALIZED (
    SELECT new.*
    FROM unnest(
      parents, ids, queues, types, fingerprints, payloads, priorities,
      max_attempts, timeouts, run_ats, delays, traces, keys, unique_fors, flows,
      on_failures
    ) WITH ORDINALITY AS new
      (parent, id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at,
       delay, trace, key, unique_for, flow, on_failure, position)
    WHERE completed IS NULL OR new.parent IN (SELECT pg_catalog.unnest(completed))
  ), held AS (
    -- A key that another transaction holds is waited for, in one order; whether its job still
    -- exists is looked up after that.
    INSERT INTO conduit_unique_keys AS held (type, key, job, expires_at)
    SELECT DISTINCT ON (type, key)
      type, key, id, pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => unique_for)
    FROM asked
    WHERE key IS NOT NULL
    ORDER BY type, key, position
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
    FROM asked JOIN held ON held.type = asked.type AND held.key = asked.key
    WHERE held.job <> asked.id
  ), link AS MATERIALIZED (
    SELECT link.job, link.next
    FROM unnest(befores, afters) AS link (job, next)
    WHERE link.next IN (SELECT id FROM asked) AND (
      link.job IN (SELECT id FROM asked)
      -- Or, of a large flow, it was stored by the call before.
      OR coalesce((SELECT flow FROM jobs WHERE id = link.job),
                  (SELECT flow FROM conduit_blocked_jobs WHERE id = link.job)) = flows[1])
  ), reach AS (
    SELECT job, next FROM link WHERE next NOT IN (SELECT id FROM duplicate)
    UNION
    SELECT link.job, reach.next
    FROM reach
    JOIN duplicate ON duplicate.id = reach.job
    JOIN link ON link.next = reach.job
  ), dependency AS MATERIALIZED (
    SELECT DISTINCT
      coalesce(duplicate.existing, reach.job) AS job, reach.next,
      duplicate.id IS NOT NULL AND duplicate.existing NOT IN (
        SELECT id FROM asked WHERE flow IS NOT NULL) AS watched
    FROM reach LEFT JOIN duplicate ON duplicate.id = reach.job
    WHERE coalesce(duplicate.existing, reach.job) <> reach.next
  ), kept AS MATERIALIZED (
    SELECT asked.*, coalesce(dependencies.count, 0)::integer AS waits_for
    FROM asked
    LEFT JOIN (
      SELECT next, pg_catalog.count(*) FROM dependency GROUP BY next
    ) AS dependencies ON dependencies.next = asked.id
    WHERE asked.id NOT IN (SELECT id FROM duplicate)
  ), blocked AS (
    INSERT INTO conduit_blocked_jobs
      (id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, delay,
       waits_for, on_failure, trace)
    SELECT
      id, flow, queue, type, fingerprint, payload::jsonb, priority, max_attempts, timeout, run_at,
      delay, waits_for, on_failure, trace::jsonb
    FROM kept
    WHERE waits_for > 0
  ), depending AS (
    INSERT INTO conduit_dependencies (job, next, watched)
    SELECT job, next, watched FROM dependency
  ), pending AS (
    INSERT INTO jobs
      (id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, trace)
    SELECT
      id, flow, queue, type, fingerprint, payload::jsonb, priority, max_attempts, timeout,
      coalesce(run_at, pg_catalog.now()) + pg_catalog.make_interval(secs => delay), trace::jsonb
    FROM kept
    WHERE waits_for = 0
    ORDER BY position
  )
  SELECT duplicate.position, duplicate.existing FROM duplicate ORDER BY duplicate.position;
END $$;

DO $$
BEGIN
  EXECUTE pg_catalog.format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp',
                            'conduit_enqueue'::regproc::regprocedure, pg_catalog.current_schema());
END $$;

REVOKE ALL ON FUNCTION conduit_enqueue FROM PUBLIC;
REVOKE ALL ON FUNCTION conduit_key_is_held FROM PUBLIC;

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

COMMENT ON TABLE conduit_rate_limits IS 'how many jobs of a type may start within any period of so many seconds';

CREATE TABLE conduit_rate_usage (
  type   text        NOT NULL,
  until  timestamptz NOT NULL,
  starts integer     NOT NULL,
  PRIMARY KEY (type, until)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE conduit_rate_usage IS 'how many jobs of a type with a rate started of late; a hundred rows a period at most';
COMMENT ON COLUMN conduit_rate_usage.until IS 'they started shortly before';

-- Adds histograms bucket by bucket; a shorter one counts as if it went on with zeros.
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
  job      uuid        PRIMARY KEY,
  queue    text        NOT NULL,
  since    timestamptz NOT NULL DEFAULT pg_catalog.now(),
  reporter text
) WITH (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

COMMENT ON TABLE conduit_failure_notices IS 'jobs that a rescue ended as failed, until a worker''s on_failed has returned';
COMMENT ON COLUMN conduit_failure_notices.reporter IS 'the worker that took the notice over; when it is no longer registered, another does';
