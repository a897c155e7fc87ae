SELECT id, token, names, contents, asleep FROM {conduit_read_steps}(%(ids)s::uuid[], %(tokens)s::uuid[])
