ARRAY(
    -- Of types with a rate, the first ones only.
    SELECT counted.ctid
    FROM (
      SELECT found.ctid, job.type,
             pg_catalog.row_number() OVER (PARTITION BY job.type ORDER BY found.position) AS nth
      FROM pg_catalog.unnest(
