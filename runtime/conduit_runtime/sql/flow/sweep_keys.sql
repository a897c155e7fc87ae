WITH page AS MATERIALIZED (
  SELECT type, key FROM {conduit_unique_keys}
  WHERE (type, key) > (%(type)s, %(key)s)
  ORDER BY type, key
  LIMIT %(limit)s
), ended AS MATERIALIZED (
  SELECT held.type, held.key FROM {conduit_unique_keys} AS held JOIN page USING (type, key)
  WHERE NOT {conduit_key_is_held}(held.job, held.expires_at)
  FOR UPDATE OF held SKIP LOCKED
), gone AS (
  DELETE FROM {conduit_unique_keys} AS held USING ended
  WHERE held.type = ended.type AND held.key = ended.key
)
SELECT type, key FROM page ORDER BY type, key
