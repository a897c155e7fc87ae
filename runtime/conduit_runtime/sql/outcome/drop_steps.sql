dropped AS (
  DELETE FROM {conduit_steps} WHERE job = ANY (ARRAY(SELECT id FROM completed))
)
