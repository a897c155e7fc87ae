SELECT {conduit_signal}(
  %(id)s::pg_catalog.uuid, %(type)s::pg_catalog.text, %(key)s::pg_catalog.text,
  %(name)s::pg_catalog.text, %(value)s::pg_catalog.json)
