-- array_position, not ANY: a planner that thinks pending jobs are few would read all of them.
found AS MATERIALIZED (
  SELECT id FROM {jobs}
  WHERE id = ANY (%(ids)s::uuid[])
    AND pg_catalog.array_position(%(status)s::text[], status) IS NOT NULL
), mine AS MATERIALIZED (
  SELECT id, status FROM {jobs}
  WHERE id = ANY (%(ids)s::uuid[])
    AND pg_catalog.array_position(%(status)s::text[], status) IS NOT NULL
  ORDER BY id
  FOR UPDATE {lock}
), {job/notified}
