-- A lock that cannot be taken is held by a worker, or shared by commits in progress.
SELECT queue,
       CASE WHEN pg_catalog.pg_try_advisory_lock({idle_key}) THEN 'taken'
            WHEN pg_catalog.pg_try_advisory_xact_lock_shared({idle_key}) THEN 'shared'
            ELSE 'held' END
FROM pg_catalog.unnest(%(queues)s::text[]) AS queue
