CREATE TABLE conduit_schedules (
  name         text        PRIMARY KEY CHECK (octet_length(name) BETWEEN 1 AND 200),
  queue        text        NOT NULL DEFAULT 'default' CHECK (octet_length(queue) BETWEEN 1 AND 200),
  type         text        NOT NULL CHECK (octet_length(type) BETWEEN 1 AND 200),
  payload      jsonb       NOT NULL DEFAULT '{}',
  priority     integer     NOT NULL DEFAULT 50 CHECK (priority BETWEEN 0 AND 100),
  max_attempts integer     NOT NULL DEFAULT 3 CHECK (max_attempts > 0),
  timeout      float8      CHECK (timeout > 0 AND timeout < 'infinity'),
  every        bigint      CHECK (every BETWEEN 1 AND 31536000000),
  cron         text,
  timezone     text        NOT NULL DEFAULT 'UTC',
  missed       text        NOT NULL DEFAULT 'once' CHECK (missed IN ('skip', 'once', 'all')),
  enabled      boolean     NOT NULL DEFAULT true,
  next_run_at  timestamptz NOT NULL DEFAULT now()
               CHECK (next_run_at BETWEEN '1970-01-01 00:00Z' AND '9000-01-01 00:00Z'),
  last_run_at  timestamptz,
  last_job_id  uuid,
  failures     integer     NOT NULL DEFAULT 0,
  error        text,
  retry_at     timestamptz,
  CHECK (num_nonnulls(every, cron) = 1)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON COLUMN conduit_schedules.every IS 'seconds from tick to tick; or else there is a cron expression';
COMMENT ON COLUMN conduit_schedules.next_run_at IS 'the tick to come; whoever enqueues its job moves it on';
COMMENT ON COLUMN conduit_schedules.failures IS 'how often in a row the job of this tick could not be enqueued';
COMMENT ON COLUMN conduit_schedules.retry_at IS 'when a tick that failed is tried again';
