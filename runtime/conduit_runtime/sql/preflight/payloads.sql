SELECT id, payload::text FROM {jobs} WHERE id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT id, payload::text FROM {conduit_blocked_jobs} WHERE id = ANY (%(ids)s::uuid[])
