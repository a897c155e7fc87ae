-- The types that live workers handle, and a row without a type for live workers that handle none.
SELECT DISTINCT handled.lane ->> 0
FROM {conduit_workers} AS worker
LEFT JOIN LATERAL pg_catalog.jsonb_array_elements(worker.lanes) AS handled (lane) ON true
WHERE seen_at > pg_catalog.now() - pg_catalog.make_interval(secs => %(seconds)s)
