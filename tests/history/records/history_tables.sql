-- The promises: the transaction that enqueues a job writes one.
CREATE TABLE promises (
  job        uuid   PRIMARY KEY,
  waits_for  uuid[] NOT NULL DEFAULT '{}',
  on_failure text   NOT NULL DEFAULT 'cancel'
);

-- The events that handlers write.
CREATE TABLE events (
  id      bigint      GENERATED ALWAYS AS IDENTITY,
  job     uuid        NOT NULL,
  token   uuid        NOT NULL,
  attempt integer     NOT NULL,
  what    text        NOT NULL,
  process text        NOT NULL DEFAULT session_user,
  at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Every change of a job's status, holder or time. The changing transaction writes it, with the process
-- that made the change: each process has a role of its own, so session_user names it.
CREATE TABLE moves (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job          uuid        NOT NULL,
  before       text,
  after        text,
  token_before uuid,
  token_after  uuid,
  rescued      boolean     NOT NULL,
  queue        text        NOT NULL,
  priority     integer     NOT NULL,
  run_at       timestamptz NOT NULL,
  seq          bigint      NOT NULL,
  attempts     integer     NOT NULL,
  max_attempts integer     NOT NULL,
  type         text        NOT NULL,
  payload      jsonb,
  error        text,
  failures     integer     NOT NULL,
  key          text,
  weight       integer,
  expires      float8,
  process      text        NOT NULL DEFAULT session_user,
  transaction  xid8        NOT NULL DEFAULT pg_current_xact_id(),
  began_at     timestamptz NOT NULL DEFAULT transaction_timestamp(),
  asked_at     timestamptz NOT NULL DEFAULT statement_timestamp(),
  at           timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION write_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO moves (job, before, after, token_before, token_after, rescued, queue, priority,
                     run_at, seq, attempts, max_attempts, type, payload, error,
                     failures, key, weight, expires)
  VALUES (NEW.id, OLD.status, NEW.status, OLD.token, NEW.token,
          coalesce(NEW.rescues > OLD.rescues, false), NEW.queue, NEW.priority, NEW.run_at, NEW.seq,
          NEW.attempts, NEW.max_attempts, NEW.type, CASE WHEN OLD.id IS NULL THEN NEW.payload END,
          NEW.error, coalesce(jsonb_array_length(NEW.errors), 0), NEW.key, NEW.weight, NEW.expires);
  RETURN NULL;
END $$;

CREATE TRIGGER write_birth AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION write_move();
CREATE TRIGGER write_move AFTER UPDATE ON jobs FOR EACH ROW
  WHEN (OLD.status <> NEW.status OR OLD.run_at <> NEW.run_at
    OR OLD.token IS DISTINCT FROM NEW.token)
  EXECUTE FUNCTION write_move();

-- Every heartbeat of a worker. They show when it could rescue the jobs of others.
CREATE TABLE heartbeats (
  process text        NOT NULL DEFAULT session_user,
  at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION write_heartbeat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO heartbeats DEFAULT VALUES;
  RETURN NULL;
END $$;

CREATE TRIGGER write_heartbeat AFTER UPDATE OF heartbeat ON conduit_workers
  FOR EACH ROW EXECUTE FUNCTION write_heartbeat();

-- A user's own check. The payload says what it refuses: an insert, an insert with one status, an update
-- to one status, or the rescue of the job.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.payload->>'refused' IN (
    TG_OP,
    TG_OP || ' ' || NEW.status,
    CASE WHEN TG_OP = 'UPDATE' AND NEW.rescues > OLD.rescues AND NEW.status = 'pending'
      THEN 'rescue' END
  ) THEN
    RAISE EXCEPTION 'refused as planned';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON jobs FOR EACH ROW
  WHEN (NEW.payload ? 'refused') EXECUTE FUNCTION refuse();
