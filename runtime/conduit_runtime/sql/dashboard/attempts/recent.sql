-- How many attempts succeeded and failed in the last hour, and how long they took in all, by queue and
-- type.
SELECT queue, type, pg_catalog.sum(succeeded)::bigint, pg_catalog.sum(failed)::bigint,
       pg_catalog.sum(duration)::float8
FROM {conduit_metrics}
WHERE seconds = 60 AND starts_at >= pg_catalog.now() - interval '1 hour'
GROUP BY queue, type
ORDER BY queue, type
