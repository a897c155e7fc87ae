CREATE TABLE conduit_keys (
  type       text        NOT NULL,
  key        text        NOT NULL,
  job        uuid        NOT NULL,
  expires_at timestamptz,
  PRIMARY KEY (type, key)
) WITH (
  fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05
);

COMMENT ON TABLE conduit_keys IS 'which job stands for a key; no other of its type with that key is enqueued meanwhile';
COMMENT ON COLUMN conduit_keys.expires_at IS 'until when the key is held; NULL: until its job ended';

-- Volatile, so that it sees what was committed while an enqueue waited for the key. With its owner's
-- rights, so that a role that may only enqueue need not read jobs.
CREATE FUNCTION conduit_stands(job uuid, expires_at timestamptz) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER BEGIN ATOMIC
  SELECT CASE
    WHEN $2 IS NULL THEN EXISTS (
      SELECT FROM jobs WHERE jobs.id = $1 AND jobs.status IN ('pending', 'running'))
    ELSE $2 > pg_catalog.clock_timestamp()
  END;
END;
