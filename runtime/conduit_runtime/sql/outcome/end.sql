-- Writes the outcomes of attempts that did not complete. An attempt that does not count takes back
-- the start that was written for it. An attempt without a duration never started.
-- The statement that writes a failure also releases the jobs that wait for it. A job that is
-- released long after it was due sends a notification, and so does one whose signal came while its
-- attempt ended. An unreadable job changes its lane; an attempt that can read it gives it the old
-- lane back.
WITH ended AS (
  UPDATE {jobs} AS job
  SET status = ended.status,
      run_at = CASE WHEN ended.delay IS NULL THEN job.run_at
        ELSE pg_catalog.now() + pg_catalog.make_interval(secs => ended.delay) END,
      attempts = CASE WHEN start_written THEN attempts - 1 ELSE least(attempts, 2147483646) END
        + CASE WHEN ended.counted THEN 1 ELSE 0 END,
      started_at = CASE WHEN start_written OR NOT ended.counted AND ended.elapsed = 0
          THEN started_at
        ELSE greatest(locked_at, pg_catalog.now() - ended.elapsed::float8 * interval '1 us') END,
      begun = CASE WHEN job.key IS NOT NULL
        THEN started_at IS NOT NULL OR ended.counted OR ended.elapsed > 0 END,
      expires = CASE WHEN start_written OR ended.counted OR ended.elapsed > 0 THEN NULL
        ELSE job.expires END,
      completed_at = CASE WHEN ended.status = 'pending' THEN NULL ELSE pg_catalog.now() END,
      max_attempts = CASE WHEN ended.max_attempts = 0 THEN job.max_attempts ELSE ended.max_attempts END,
      error = coalesce(ended.error, job.error),
      fingerprint = CASE WHEN ended.fingerprint IS NOT NULL THEN ended.fingerprint
        WHEN ended.counted OR ended.delay IS NOT NULL THEN {original}
        ELSE job.fingerprint END,
      errors = CASE WHEN ended.detail IS NULL THEN job.errors
        ELSE CASE WHEN pg_catalog.jsonb_typeof(job.errors) IS DISTINCT FROM 'array' THEN '[]'
          WHEN pg_catalog.jsonb_array_length(job.errors) >= 25 THEN job.errors - 0 ELSE job.errors END
          || pg_catalog.jsonb_build_array(
            pg_catalog.jsonb_build_object(
              'at', pg_catalog.now(), 'worker', job.locked_by,
              'started_at', CASE WHEN start_written THEN started_at
                ELSE greatest(locked_at, pg_catalog.now() - ended.elapsed::float8 * interval '1 us') END
            ) || ended.detail::jsonb) END,
      progress = NULL, {clear_claim},
      awaited = CASE WHEN job.awaited
        THEN ended.status = 'pending' OR {conduit_announce_end}(job.id) END
  FROM unnest(
    %(ids)s::uuid[], %(tokens)s::uuid[], %(elapsed)s::bigint[], %(statuses)s::text[],
    %(delays)s::float8[], %(counted)s::boolean[], %(errors)s::text[], %(details)s::text[],
    %(fingerprints)s::text[], %(max_attempts)s::integer[]
  ) AS ended (id, token, elapsed, status, delay, counted, error, detail, fingerprint, max_attempts)
  WHERE job.id = ended.id AND job.token = ended.token AND coalesce(job.status = 'running', false)
  RETURNING job.id, job.flow, job.status, job.run_at, job.queue, ended.fingerprint
)
SELECT pg_catalog.array_agg(id), {advance}, pg_catalog.count(
  CASE WHEN status = 'pending' AND fingerprint IS NULL AND run_at < {overdue}
      AND {wakes}
    THEN pg_catalog.pg_notify(
      {queue_channel}, 'late') END
) FROM ended
