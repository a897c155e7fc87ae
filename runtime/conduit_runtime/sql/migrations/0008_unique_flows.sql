ALTER TABLE conduit_links ADD COLUMN watched boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN conduit_links.watched IS 'job is none of the flow, so what ends it need not know of next: workers look';

CREATE INDEX conduit_links_watched ON conduit_links (job) WHERE watched;

-- A job that waits for others of its flow stands as well.
CREATE OR REPLACE FUNCTION conduit_stands(job uuid, expires_at timestamptz) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER BEGIN ATOMIC
  SELECT CASE
    WHEN $2 IS NULL THEN
      EXISTS (SELECT FROM jobs WHERE jobs.id = $1 AND jobs.status IN ('pending', 'running'))
      OR EXISTS (SELECT FROM conduit_waiting WHERE conduit_waiting.id = $1)
    ELSE $2 > pg_catalog.clock_timestamp()
  END;
END;

-- Now with the reason for all that are cancelled since what they waited for did not succeed.
-- include conduit_advance
