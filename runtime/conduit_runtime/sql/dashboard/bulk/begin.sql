-- The time, and the id of the last job: an action does not change jobs that are enqueued later.
SELECT pg_catalog.now(), (SELECT id FROM {jobs} ORDER BY id DESC LIMIT 1)
