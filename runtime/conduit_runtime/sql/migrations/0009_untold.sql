CREATE TABLE conduit_untold (
  job   uuid        PRIMARY KEY,
  queue text        NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

COMMENT ON TABLE conduit_untold IS 'jobs that a rescue ended as failed, until a worker with an on_failed takes the row';
