page AS MATERIALIZED (
  SELECT id,
         status IN ('completed', 'failed', 'cancelled') AND EXISTS (
           SELECT FROM unnest(%(queues)s::text[], %(statuses)s::text[], %(ages)s::float8[])
             AS old (queue, status, age)
           WHERE coalesce(old.queue = job.queue, true) AND old.status = job.status
             AND coalesce(job.completed_at, job.created_at)
               < pg_catalog.now() - pg_catalog.make_interval(secs => old.age)
         ) AS is_old
  FROM {jobs} AS job
  WHERE id >= %(after)s::uuid AND (%(ids)s::uuid[] IS NULL OR id = ANY (%(ids)s::uuid[]))
  ORDER BY id
  LIMIT %(limit)s
)
