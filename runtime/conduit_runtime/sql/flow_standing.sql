position - 1, stands, has_table_privilege('{jobs}', 'SELECT') FROM flow_standing ORDER BY position
