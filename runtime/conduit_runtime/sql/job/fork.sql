-- Enqueues a job like this one, with the records of these of its steps. It has started, so its first
-- attempt looks for records. In its key's order it is the last.
WITH fork AS (
  INSERT INTO {jobs} (id, fingerprint, started_at, {columns})
  SELECT %(fork)s::uuid, {original}, pg_catalog.now(), {columns}
  FROM {jobs} AS job WHERE id = %(id)s::uuid
)
INSERT INTO {conduit_steps} (job, name, value, attempt, started_at, ended_at)
SELECT %(fork)s::uuid, name, value, attempt, started_at, ended_at
FROM {conduit_steps}
WHERE job = %(id)s::uuid AND name = ANY (%(names)s::text[]) AND value IS NOT NULL
