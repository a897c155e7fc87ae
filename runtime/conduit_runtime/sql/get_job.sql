SELECT {columns} FROM {jobs} WHERE id = %(id)s
