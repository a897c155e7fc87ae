-- How many types each worker handles.
SELECT name, pg_catalog.count(DISTINCT handled.lane ->> 0)
FROM {conduit_workers} AS worker
CROSS JOIN pg_catalog.jsonb_array_elements(worker.lanes) AS handled (lane)
GROUP BY name
