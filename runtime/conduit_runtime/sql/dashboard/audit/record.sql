WITH deleted AS (
  DELETE FROM {conduit_audit} WHERE id IN (
    SELECT id FROM {conduit_audit}
    WHERE id IN (SELECT id FROM {conduit_audit} ORDER BY id LIMIT 100)
      AND at < pg_catalog.now() - interval '1 year'
    ORDER BY id
    FOR UPDATE SKIP LOCKED
  )
)
INSERT INTO {conduit_audit} (actor, action, target, count, total, state, seen_at)
VALUES (
  %(actor)s::text, %(action)s::text, %(target)s::text::jsonb, %(count)s::bigint, %(total)s::bigint,
  %(state)s::text, CASE WHEN %(state)s::text = 'running' THEN pg_catalog.now() END
)
RETURNING id
