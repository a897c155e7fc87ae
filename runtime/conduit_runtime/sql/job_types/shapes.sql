SELECT type, fingerprint, coalesce(description -> 'fields', '{}'::jsonb)::text
FROM {conduit_job_types}
WHERE type = ANY (%(types)s::text[])
ORDER BY type, fingerprint
