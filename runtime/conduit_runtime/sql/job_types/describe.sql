-- Writes only rows that are new or say something else. A fixed order prevents deadlocks between workers.
INSERT INTO {conduit_job_types} AS known (type, fingerprint, queue, description)
SELECT asked.type, asked.fingerprint, asked.queue, asked.description
FROM pg_catalog.jsonb_to_recordset(%(described)s::jsonb) AS asked
  (type text, fingerprint text, queue text, description jsonb)
LEFT JOIN {conduit_job_types} AS present
  ON present.type = asked.type AND present.fingerprint = asked.fingerprint
WHERE present.queue IS DISTINCT FROM asked.queue
  OR present.description IS DISTINCT FROM asked.description
ORDER BY asked.type, asked.fingerprint
ON CONFLICT (type, fingerprint) DO UPDATE
SET queue = excluded.queue, description = excluded.description, described_at = pg_catalog.now()
