-- The only job of this key that may start now, as text, '' if there is none; NULL: the type has no order.
-- A job whose attempts have begun holds its key, and one that failed may; those that are due later do not.
SELECT CASE WHEN limits.key_order IS NULL THEN NULL
  WHEN EXISTS (
    SELECT FROM {jobs} AS job WHERE job.status = 'running' AND job.key = {its}.key AND job.type = {its}.type
  ) THEN ''
  ELSE coalesce((
    SELECT CASE WHEN job.run_at <= pg_catalog.now() THEN job.id::text ELSE '' END FROM {jobs} AS job
    WHERE job.key = {its}.key AND job.type = {its}.type AND job.status = 'pending' AND {of_order} = 0
    ORDER BY job.seq LIMIT 1
  ), (
    SELECT '' FROM {jobs} AS job
    WHERE limits.key_order = 'hold' AND job.key = {its}.key AND job.type = {its}.type AND job.status = 'failed'
    LIMIT 1
  ), (
    SELECT job.id::text FROM {jobs} AS job
    WHERE job.key = {its}.key AND job.type = {its}.type AND job.status = 'pending' AND {of_order} = 1
      AND job.run_at <= pg_catalog.now()
    ORDER BY job.seq LIMIT 1
  ), '')
END FROM {conduit_type_limits} AS limits WHERE limits.type = {its}.type
