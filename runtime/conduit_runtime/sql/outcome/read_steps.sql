SELECT id, token, names, contents FROM {conduit_read_steps}(%(ids)s::uuid[], %(tokens)s::uuid[])
