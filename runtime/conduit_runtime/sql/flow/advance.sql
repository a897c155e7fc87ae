SELECT {conduit_advance}(%(jobs)s::uuid[], '{}'::uuid[], %(budget)s::int, true)
