SELECT type, fingerprint, queue, description::text
FROM {conduit_job_types}
WHERE %(type)s::text IS NULL OR type = %(type)s::text
ORDER BY type, fingerprint
