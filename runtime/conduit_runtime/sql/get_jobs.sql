SELECT {columns} FROM {jobs} WHERE id = ANY (%(ids)s::uuid[])
