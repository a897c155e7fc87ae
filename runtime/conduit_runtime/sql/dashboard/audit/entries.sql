SELECT {columns} FROM {conduit_audit}
WHERE id < coalesce(%(before)s::bigint, 9223372036854775807)
  AND (%(actor)s::text IS NULL OR actor = %(actor)s::text)
  AND (%(action)s::text IS NULL OR action = %(action)s::text)
ORDER BY id DESC
LIMIT %(limit)s::bigint
