-- Sends a notification of each status that a job gets, for tests. Both names are random.
CREATE FUNCTION {watcher}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.pg_notify(TG_ARGV[0], pg_catalog.concat(NEW.id, ' ', NEW.status));
  RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER INSERT OR UPDATE OF status ON {jobs}
  FOR EACH ROW EXECUTE FUNCTION {watcher}({channel})
