-- Own beat, and how every worker stands: whether its beat moved is judged by the one who looks.
WITH beaten AS (
  UPDATE {conduit_workers} SET beat = beat + 1, seen_at = now() WHERE name = %(name)s
)
SELECT name, beat, pg_try_advisory_xact_lock_shared(lock_key) FROM {conduit_workers}
