-- Walks the existing priorities, most urgent first. In each, it takes the due heads of the known
-- lanes, merged in order. A lane that returned as many rows as it was asked for may have more
-- behind its last row, so the merge is cut there and the walk ends. The order is exact; the rows
-- may be fewer than asked for. Omits paused queues, and queues with a limit that this claim does
-- not count.
ARRAY(
  SELECT due_row.ctid
  FROM unnest(%(queues)s::text[], %(sizes)s::int[]) WITH ORDINALITY
    AS wanted (queue, size, position)
  CROSS JOIN LATERAL (
    (WITH RECURSIVE levels (priority, row_ids, taken, cut) AS (
      SELECT 101, '{}'::tid[], 0, false {unless_fair}
      UNION ALL
      SELECT next.priority, heads.row_ids, levels.taken + heads.taken, heads.cut
      FROM levels
      CROSS JOIN LATERAL (
        SELECT coalesce(known.priority, present.priority) AS priority,
               coalesce(known.run_at, '-infinity') AS run_at, coalesce(known.seq, 0) AS seq
        FROM (VALUES (0)) AS one
        LEFT JOIN LATERAL (
          SELECT bounds.* FROM bounds
          WHERE bounds.queue = wanted.queue AND bounds.priority < levels.priority
          ORDER BY bounds.priority DESC LIMIT 1
        ) AS known ON true
        LEFT JOIN LATERAL (
          SELECT jobs.priority FROM {jobs} AS jobs
          WHERE {present} AND jobs.queue = wanted.queue
            AND jobs.status = 'pending' AND jobs.priority < levels.priority
          ORDER BY jobs.priority DESC LIMIT 1
        ) AS present ON true
        OFFSET 0  -- so that it is evaluated once
      ) AS next
      CROSS JOIN LATERAL (
        SELECT coalesce(
                 pg_catalog.array_agg(merged.ctid ORDER BY merged.run_at, merged.seq), '{}'
               ) AS row_ids,
               pg_catalog.count(*)::int AS taken,
               coalesce(pg_catalog.bool_or(merged.last), false) AS cut
        FROM (
          SELECT head.*, pg_catalog.count(*) FILTER (WHERE head.last) OVER (
            ORDER BY head.run_at, head.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
          ) AS hidden
          FROM lanes
          CROSS JOIN LATERAL (
            SELECT due.*, pg_catalog.row_number() OVER () = %(depth)s AS last
            FROM (
              SELECT pending.ctid, pending.run_at, pending.seq
              FROM {jobs} AS pending
              WHERE pending.queue = wanted.queue AND pending.status = 'pending'
                AND pending.priority = next.priority
                AND pending.type = lanes.type AND pending.fingerprint = lanes.fingerprint
                AND {claim/startable}
                AND (pending.run_at, pending.seq) > (next.run_at, next.seq)
              ORDER BY pending.run_at, pending.seq
              LIMIT %(depth)s
              FOR UPDATE SKIP LOCKED
            ) AS due
          ) AS head
        ) AS merged
        WHERE merged.hidden = 0
      ) AS heads
      WHERE next.priority IS NOT NULL AND NOT levels.cut AND levels.taken < wanted.size
    )
    SELECT due_row.ctid
    FROM levels CROSS JOIN pg_catalog.unnest(levels.row_ids) WITH ORDINALITY AS due_row (ctid, position)
    LIMIT wanted.size) {by_turns}
  ) AS due_row
  WHERE {allowed} AND wanted.queue <> ALL (ARRAY(
    SELECT name FROM {conduit_queues}
    WHERE paused_at IS NOT NULL OR {has_queue_limit} AND name <> ALL (%(limited)s::text[])
  ))
  LIMIT %(limit)s
)
