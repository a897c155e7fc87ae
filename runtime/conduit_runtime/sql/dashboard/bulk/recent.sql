-- The actions in the background that run, or that ended in the last minute.
SELECT {columns} FROM (
  SELECT * FROM {conduit_audit} ORDER BY id DESC LIMIT 200
) AS recent
WHERE seen_at IS NOT NULL
  AND (finished_at IS NULL OR finished_at > pg_catalog.now() - interval '1 minute')
  AND seen_at > pg_catalog.now() - interval '10 minutes'
ORDER BY id DESC
LIMIT 5
