-- The sessions that hold locks for which others wait, and that wait for none: since when their
-- transactions are open, how many sessions wait, and for how many seconds the first has.
WITH waiting AS MATERIALIZED (
  SELECT lock.pid, pg_catalog.min(lock.waitstart) AS since
  FROM pg_catalog.pg_locks AS lock
  -- Idle workers wait for advisory locks of each other.
  WHERE NOT lock.granted AND lock.locktype <> 'advisory'
    AND lock.waitstart < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(seconds)s)
  GROUP BY lock.pid
), held AS MATERIALIZED (
  SELECT holder.pid, waiting.pid AS waiter, waiting.since
  FROM waiting
  CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS holder (pid)
)
SELECT session.pid::text,
       pg_catalog.concat_ws(', ', session.usename::text, session.application_name, session.state),
       extract(epoch FROM pg_catalog.clock_timestamp() - session.xact_start)::float8,
       pg_catalog.count(DISTINCT held.waiter),
       extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.min(held.since))::float8
FROM held
JOIN pg_catalog.pg_stat_activity AS session ON session.pid = held.pid
WHERE session.datname::text = pg_catalog.current_database()::text
  AND NOT EXISTS (SELECT FROM waiting WHERE waiting.pid = held.pid)
GROUP BY session.pid, session.usename, session.application_name, session.state, session.xact_start
ORDER BY 4 DESC, 1
LIMIT 20
