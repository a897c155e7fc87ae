  UNION ALL
  -- Only jobs that became due recently.
  SELECT asked.queue, level.priority, asked.since, 0
  FROM (
    SELECT queue, pg_catalog.now() - pg_catalog.make_interval(secs => age) AS since
    FROM unnest(%(queues)s::text[], %(ages)s::float8[]) AS asked (queue, age)
  ) AS asked
  CROSS JOIN pg_catalog.generate_series(0, 100) AS level (priority)
  WHERE EXISTS (
    SELECT FROM lanes
    CROSS JOIN LATERAL (
      SELECT FROM {jobs} AS job
      WHERE job.queue = asked.queue AND job.status = 'pending' AND job.priority = level.priority
        AND job.type = lanes.type AND job.fingerprint = lanes.fingerprint
        AND job.run_at > asked.since AND job.run_at <= pg_catalog.now()
      LIMIT 1
    ) AS due
  )
