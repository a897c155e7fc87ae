INSERT INTO {jobs} ({columns}, run_at, notifies)
VALUES (
  {values},
  coalesce(%(run_at)s::timestamp with time zone, pg_catalog.now())
    OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => %(delay)s::double precision),
  {notifies}
)
