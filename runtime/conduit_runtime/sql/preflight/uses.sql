-- What jobs call and enqueue, as workers described it; the latest descriptions last.
SELECT type, fingerprint, description -> 'is_older' IS NOT NULL,
       ARRAY(SELECT pg_catalog.jsonb_array_elements_text(description -> 'calls')),
       ARRAY(SELECT pg_catalog.jsonb_array_elements_text(description -> 'enqueues'))
FROM {conduit_job_types}
ORDER BY described_at, type, fingerprint
