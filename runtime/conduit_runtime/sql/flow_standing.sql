position - 1, stands, pg_catalog.has_table_privilege('{jobs}', 'SELECT')
FROM flow_standing ORDER BY position
