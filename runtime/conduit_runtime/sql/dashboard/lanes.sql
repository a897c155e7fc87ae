-- The types that each worker handles, and in how many payload shapes.
SELECT name, handled.lane ->> 0 AS type, pg_catalog.count(*)
FROM {conduit_workers} AS worker
CROSS JOIN pg_catalog.jsonb_array_elements(worker.lanes) AS handled (lane)
GROUP BY name, type
ORDER BY name, type
