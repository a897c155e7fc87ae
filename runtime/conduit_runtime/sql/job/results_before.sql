SELECT result.value::text
FROM pg_catalog.unnest((SELECT follows FROM {jobs} WHERE id = %(id)s))
  WITH ORDINALITY AS before (job, position)
LEFT JOIN {conduit_results} AS result
  ON result.job = before.job AND result.expires_at > pg_catalog.now()
ORDER BY before.position
