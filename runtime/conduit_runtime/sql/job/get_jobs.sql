SELECT {columns} FROM {jobs} WHERE id OPERATOR(pg_catalog.=) ANY (%(ids)s::pg_catalog.uuid[])
UNION ALL
SELECT {columns} FROM ({blocked_jobs}) AS blocked
