WITH control AS (
  DELETE FROM {conduit_rates} WHERE type = %(type)s RETURNING type
), forgotten AS (
  DELETE FROM {conduit_starts} WHERE type = %(type)s
)
{tell}
