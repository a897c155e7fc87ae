) WITH ORDINALITY AS found (ctid, position)
      JOIN {jobs} AS job ON job.ctid = found.ctid
    ) AS counted
    LEFT JOIN unnest(%(rated)s::text[], %(starts)s::bigint[]) AS rate (type, starts)
      ON rate.type = counted.type
    WHERE counted.nth <= coalesce(rate.starts, counted.nth)
  )
