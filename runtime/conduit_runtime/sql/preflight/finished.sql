SELECT job, name, value::text FROM {conduit_steps}
WHERE job = ANY (%(ids)s::uuid[]) AND value IS NOT NULL
