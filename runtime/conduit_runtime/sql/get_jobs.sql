SELECT {columns} FROM {jobs} WHERE id = ANY (%(ids)s::uuid[])
UNION ALL
SELECT {columns} FROM ({waiting}) AS waiting
