-- The insert reads only from the function, so the rows keep its order without a sort.
INSERT INTO {jobs} ({columns}, run_at, notifies)
SELECT
  {values},
  coalesce(run_at, pg_catalog.now())
    OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => delay),
  {notifies}
FROM unnest({arrays}) AS new ({names})
