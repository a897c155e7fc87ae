INSERT INTO {jobs} AS job (schedule, {of_the_job}{headers})
SELECT name, {of_the_job}{headers_value}
FROM {conduit_schedules} WHERE name = %(name)s
RETURNING {columns}
