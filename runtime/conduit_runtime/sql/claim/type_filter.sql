ARRAY(
    -- For types with a limit, only as many rows as may start.
    SELECT counted.ctid
    FROM (
      SELECT found.ctid, job.type,
             pg_catalog.row_number() OVER (PARTITION BY job.type ORDER BY found.position) AS nth
      FROM pg_catalog.unnest({claim/due_rows}) WITH ORDINALITY AS found (ctid, position)
      JOIN {jobs} AS job ON job.ctid = found.ctid
    ) AS counted
    LEFT JOIN unnest(%(capped)s::text[], %(starts)s::bigint[]) AS allowed (type, starts)
      ON allowed.type = counted.type
    WHERE counted.nth <= coalesce(allowed.starts, counted.nth)
  )
