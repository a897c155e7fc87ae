SELECT place, value, remaining FROM {conduit_wait}(
  %(ids)s::uuid[], %(tokens)s::uuid[], %(names)s::text[], %(durations)s::float8[],
  %(are_signals)s::boolean[], %(attempts)s::integer[])
