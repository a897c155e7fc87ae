-- Of these jobs, those that have ended let go of what waits for them: it becomes a job when nothing
-- is left to wait for, and a cancelled one when what it waited for did not succeed and it asks for
-- that; and so on with what waits for the cancelled. `dropped` are waiting ones to cancel anyway.
CREATE OR REPLACE FUNCTION conduit_advance(ended uuid[], dropped uuid[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  past     uuid[] := ended;
  gone     uuid[] := dropped;
  released uuid[];
BEGIN
  LOOP
    -- In one order, so that two who end jobs of the same flows do not wait for each other.
    PERFORM FROM conduit_waiting
    WHERE id IN (SELECT next FROM conduit_links WHERE job = ANY (past))
    ORDER BY id
    FOR UPDATE;
    WITH cut AS (
      DELETE FROM conduit_links AS link
      WHERE job = ANY (past)
        AND NOT EXISTS (
          SELECT FROM jobs WHERE id = link.job AND status IN ('pending', 'running'))
        AND NOT EXISTS (SELECT FROM conduit_waiting WHERE id = link.job)
      RETURNING next, EXISTS (
        SELECT FROM jobs WHERE id = link.job AND status = 'completed') AS succeeded
    ), ends AS (
      SELECT next, count(*)::integer AS count, bool_and(succeeded) AS succeeded
      FROM cut GROUP BY next
    ), counted AS (
      UPDATE conduit_waiting AS waiting SET waits_for = waits_for - ends.count
      FROM ends
      WHERE waiting.id = ends.next
      RETURNING id, waits_for, on_failure = 'cancel' AND NOT succeeded AS is_gone
    )
    SELECT gone || coalesce(array_agg(id) FILTER (WHERE is_gone), '{}'),
           coalesce(array_agg(id) FILTER (WHERE NOT is_gone AND waits_for = 0), '{}')
    INTO gone, released
    FROM counted;
    EXIT WHEN gone = '{}' AND released = '{}';
    WITH left_behind AS (
      DELETE FROM conduit_waiting WHERE id = ANY (released || gone) RETURNING *
    )
    INSERT INTO jobs (id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout,
                      trace, created_at, run_at, status, completed_at, error)
    SELECT id, flow, queue, type, fingerprint, payload, priority, max_attempts, timeout,
           trace, created_at, coalesce(run_at, now()) + make_interval(secs => delay),
           CASE WHEN id = ANY (gone) THEN 'cancelled' ELSE 'pending' END,
           CASE WHEN id = ANY (gone) THEN now() END,
           CASE WHEN id = ANY (gone) AND id <> ALL (dropped)
             THEN 'what it waited for did not succeed' END
    FROM left_behind
    ORDER BY id;
    past := gone;
    gone := '{}';
  END LOOP;
END $$;

DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION conduit_advance(uuid[], uuid[]) SET search_path = %I, pg_temp',
                 current_schema());
END $$;
