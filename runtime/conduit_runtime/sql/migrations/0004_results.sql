CREATE TABLE conduit_results (
  job        uuid        PRIMARY KEY,
  value      jsonb       NOT NULL,
  expires_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE conduit_results IS 'what handlers returned, for types that keep it';

CREATE INDEX conduit_results_expiry ON conduit_results (expires_at);
