ARRAY(
    -- Of queues and types with a limit, only as many rows as may start, each as often as it weighs. One
    -- that weighs more than a whole limit starts if nothing else counts, and those behind it wait.
    SELECT counted.ctid
    FROM (
      SELECT found.ctid, found.position, job.type, job.queue, coalesce(job.weight, 1) AS weight,
             pg_catalog.sum(coalesce(job.weight, 1)) OVER (PARTITION BY job.type ORDER BY found.position) AS of_type,
             pg_catalog.sum(coalesce(job.weight, 1)) OVER (PARTITION BY job.queue ORDER BY found.position) AS of_queue
      FROM pg_catalog.unnest({claim/due_rows}) WITH ORDINALITY AS found (ctid, position)
      JOIN {jobs} AS job ON job.ctid = found.ctid
    ) AS counted
    LEFT JOIN unnest(%(capped)s::text[], %(starts)s::bigint[], %(alone)s::bigint[])
      AS type_room (type, starts, alone) ON type_room.type = counted.type
    LEFT JOIN unnest(%(roomy)s::text[], %(rooms)s::bigint[], %(rooms_alone)s::bigint[])
      AS queue_room (queue, starts, alone) ON queue_room.queue = counted.queue
    WHERE (type_room.type IS NULL OR counted.of_type <= type_room.starts
        OR counted.of_type = counted.weight AND counted.weight <= type_room.alone)
      AND (queue_room.queue IS NULL OR counted.of_queue <= queue_room.starts
        OR counted.of_queue = counted.weight AND counted.weight <= queue_room.alone)
    ORDER BY counted.position  -- limits by key count in this order
  )
