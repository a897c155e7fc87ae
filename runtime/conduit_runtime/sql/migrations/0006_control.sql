CREATE TABLE conduit_queues (
  name        text        PRIMARY KEY CHECK (octet_length(name) BETWEEN 1 AND 200),
  paused_at   timestamptz,
  concurrency integer     CHECK (concurrency > 0)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE conduit_queues IS 'what operators say of queues; one without a row runs freely';
COMMENT ON COLUMN conduit_queues.paused_at IS 'since when nothing is claimed from it; NULL: not paused';
COMMENT ON COLUMN conduit_queues.concurrency IS 'its jobs that may run at once, over all workers; NULL: any number';

CREATE TABLE conduit_rates (
  type    text    PRIMARY KEY CHECK (octet_length(type) BETWEEN 1 AND 200),
  starts  integer NOT NULL CHECK (starts > 0),
  seconds float8  NOT NULL CHECK (seconds > 0 AND seconds <= 31536000)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE conduit_rates IS 'how many jobs of a type may start in any such span of seconds';

CREATE TABLE conduit_starts (
  type   text        NOT NULL,
  until  timestamptz NOT NULL,
  starts integer     NOT NULL,
  PRIMARY KEY (type, until)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE conduit_starts IS 'how many jobs of a type with a rate started of late; a hundred rows a period at most';
COMMENT ON COLUMN conduit_starts.until IS 'they started shortly before';
