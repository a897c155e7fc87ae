-- The time, and the last job that there is: jobs that are enqueued later are left alone.
SELECT pg_catalog.now(), (SELECT id FROM {jobs} ORDER BY id DESC LIMIT 1)
