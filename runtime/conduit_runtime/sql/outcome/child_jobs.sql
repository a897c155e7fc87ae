child_jobs AS (
  INSERT INTO {jobs} ({columns}, run_at, parent)
  SELECT
    {values}, coalesce(run_at, pg_catalog.now()) + pg_catalog.make_interval(secs => delay), parent
  FROM unnest({arrays}, %(parent)s::uuid[]) WITH ORDINALITY AS new ({names}, parent, position)
  JOIN completed ON completed.id = new.parent
  ORDER BY position
)
