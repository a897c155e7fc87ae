ALTER TABLE conduit_metrics
  DROP CONSTRAINT conduit_metrics_seconds_check,
  ADD CONSTRAINT conduit_metrics_seconds_check CHECK (seconds IN (60, 3600, 86400));

COMMENT ON TABLE conduit_metrics IS 'what became of attempts, by minute; by hour once they are some hours old, by day after some days';
COMMENT ON COLUMN conduit_metrics.seconds IS 'how long the time is that begins at starts_at: 60, 3600 or 86400';
