-- Adds histograms place by place; a shorter one counts as if it went on with zeros.
CREATE FUNCTION conduit_added(one bigint[], other bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT coalesce(array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY place), '{}')
  FROM unnest($1, $2) WITH ORDINALITY AS pair (a, b, place);
END;

CREATE AGGREGATE conduit_total(bigint[]) (
  SFUNC = conduit_added, STYPE = bigint[], INITCOND = '{}', PARALLEL = SAFE
);

CREATE TABLE conduit_metrics (
  seconds   integer     NOT NULL CHECK (seconds IN (60, 3600)),
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

COMMENT ON TABLE conduit_metrics IS 'what became of attempts, by minute; by hour once they are some hours old';
COMMENT ON COLUMN conduit_metrics.seconds IS 'how long the time is that begins at starts_at: 60 or 3600';
COMMENT ON COLUMN conduit_metrics.failed IS 'failed attempts, with those that were retried and the discarded ones';
COMMENT ON COLUMN conduit_metrics.duration IS 'sum of the seconds that attempts took';
COMMENT ON COLUMN conduit_metrics.wait IS 'sum of the seconds from when jobs were due to their start';
COMMENT ON COLUMN conduit_metrics.durations IS 'histogram: the n-th bound is 0.001 * sqrt(2) ^ (n - 1) seconds, the 55th none';

ALTER TABLE jobs ADD COLUMN trace jsonb;
ALTER TABLE conduit_waiting ADD COLUMN trace jsonb;

COMMENT ON COLUMN jobs.trace IS 'trace context of what enqueued the job, as headers (traceparent, …)';

-- Now with the trace.
-- include conduit_advance
