-- Returns the existing job of each job that was not stored, and whether the role may read it.
SELECT position, existing, pg_catalog.has_table_privilege('{jobs}', 'SELECT')
FROM {enqueue/enqueue}
