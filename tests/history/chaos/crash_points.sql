-- Lets a test stop a statement of a worker in the middle: a step that is listed here waits for an
-- advisory lock that the test holds, having done its work and not committed it, however long it takes.
CREATE TABLE halts (queue text, step text);

CREATE TABLE events (
  job     uuid    NOT NULL,
  token   uuid    NOT NULL,
  attempt integer NOT NULL,
  what    text    NOT NULL
);

CREATE FUNCTION halt(at_queue text, at_step text) RETURNS void LANGUAGE plpgsql
SET lock_timeout = 0 AS $$
BEGIN
  IF EXISTS (SELECT FROM halts WHERE queue = at_queue AND step = at_step) THEN
    PERFORM pg_advisory_xact_lock_shared(hashtext('halt'), hashtext(at_queue));
  END IF;
END $$;

CREATE FUNCTION halt_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM halt(NEW.queue, CASE
    WHEN OLD.status = 'pending' AND NEW.status = 'running' THEN 'claim'
    WHEN OLD.status = 'running' AND NEW.rescues > OLD.rescues THEN 'rescue'
    WHEN OLD.status = 'running' AND NEW.status = 'completed' THEN 'complete'
    WHEN OLD.status = 'running' AND NEW.status = 'running' THEN 'start'
    WHEN OLD.status = 'running' AND NEW.errors IS DISTINCT FROM OLD.errors THEN 'fail'
    WHEN OLD.status = 'running' AND NEW.status = 'pending' THEN 'release'
  END);
  RETURN NULL;
END $$;

CREATE FUNCTION halt_handler() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM halt((SELECT queue FROM jobs WHERE id = NEW.job), NEW.what);
  RETURN NULL;
END $$;

CREATE TRIGGER halt_job AFTER UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION halt_job();
CREATE TRIGGER halt_handler AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION halt_handler();
