-- coalesce() keeps the planner from the partial index of running rows, so it uses the ids.
UPDATE {jobs} AS job
SET status = 'completed', completed_at = pg_catalog.now(), error = NULL, progress = NULL,
    attempts = CASE WHEN start_written THEN attempts ELSE least(attempts, 2147483646) + 1 END,
    started_at = CASE WHEN start_written THEN started_at
      ELSE greatest(locked_at, pg_catalog.now() - done.elapsed::float8 * interval '1 us') END,
    {clear_claim}, awaited = CASE WHEN job.awaited THEN {conduit_announce_end}(job.id) END
FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[], %(elapsed)s::bigint[]) AS done (id, token, elapsed)
WHERE job.id = done.id AND job.token = done.token AND coalesce(job.status = 'running', false)
