-- The only job of this key that is next in the order of its type, as text, '' if there is none; NULL: the
-- type has no order. A job whose attempts have begun holds its key, and one that failed may; those that
-- are due later do not.
CASE WHEN limits.key_order IS NOT NULL THEN coalesce((
  SELECT CASE
    WHEN {of_order} = 0 THEN CASE WHEN job.run_at <= pg_catalog.now() THEN job.id::text END
    WHEN limits.key_order = 'hold' AND EXISTS (
      SELECT FROM {jobs} AS job WHERE {in_order} = 'failed'
    ) THEN NULL
    ELSE job.id::text END
  FROM {jobs} AS job
  WHERE {in_order} = 'pending' AND ({of_order} = 0 OR job.run_at <= pg_catalog.now())
  ORDER BY {of_order}, job.seq LIMIT 1
), '') END
