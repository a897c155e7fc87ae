SELECT stored, held FROM {conduit_store_steps}(
  %(ids)s::uuid[], %(tokens)s::uuid[], %(names)s::text[], %(contents)s::text[],
  %(attempts)s::integer[], %(elapsed)s::bigint[], %(loops)s::boolean[])
