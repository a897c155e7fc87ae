WITH {page}, changed AS (
  DELETE FROM {jobs} AS job
  WHERE id = ANY (ARRAY(SELECT id FROM mine))
    -- A job that waits for a deleted job could not find out whether it succeeded.
    AND NOT EXISTS (SELECT FROM {conduit_dependencies} AS dependency WHERE dependency.job = job.id)
  RETURNING id
), steps AS (
  DELETE FROM {conduit_steps} WHERE job = ANY (ARRAY(SELECT id FROM changed))
), signals AS (
  DELETE FROM {conduit_signals} WHERE job = ANY (ARRAY(SELECT id FROM changed))
), advanced AS (
  SELECT FROM changed WHERE false
)
{changed}
