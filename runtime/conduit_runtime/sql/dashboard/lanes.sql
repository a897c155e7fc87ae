-- The types that a worker handles, each with its number of payload shapes.
SELECT handled.lane ->> 0 AS type, pg_catalog.count(*)
FROM {conduit_workers} AS worker
CROSS JOIN pg_catalog.jsonb_array_elements(worker.lanes) AS handled (lane)
WHERE worker.name = %(name)s
GROUP BY type
ORDER BY type
