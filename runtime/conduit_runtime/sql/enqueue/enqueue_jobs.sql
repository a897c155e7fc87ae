-- Returns the existing job of each that was not stored, and whether it may be read.
SELECT position, existing, pg_catalog.has_table_privilege('{jobs}', 'SELECT')
FROM {enqueue}
