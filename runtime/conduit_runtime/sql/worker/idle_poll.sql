SELECT (
{claim/next_due}
), ARRAY(
  SELECT wanted.queue FROM pg_catalog.unnest(%(missing)s::text[]) AS wanted (queue)
  WHERE pg_catalog.pg_try_advisory_lock({idle_key})
)
