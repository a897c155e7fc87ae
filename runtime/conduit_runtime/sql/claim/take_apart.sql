-- Claims the rows apart from those that Postgres refuses, which follow with the reason.
SELECT {returning}, job.token = %(token)s AS is_claimed, job.refusals AS refused, job.error AS reason
FROM {conduit_claim}(
  ARRAY(SELECT found.id FROM {jobs} AS found WHERE found.ctid = ANY ({rows})),
  %(worker)s, %(token)s, {lease_seconds}, {alone}
) AS job
