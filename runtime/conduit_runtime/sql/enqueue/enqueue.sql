{function}(
  {parents}%(id)s::pg_catalog.uuid[],
  %(queue)s::pg_catalog.text[], %(type)s::pg_catalog.text[],
  %(fingerprint)s::pg_catalog.text[], %(payload)s::pg_catalog.text[],
  %(priority)s::integer[], %(max_attempts)s::integer[], %(timeout)s::double precision[],
  %(run_at)s::timestamp with time zone[], %(delay)s::double precision[],
  %(headers)s::pg_catalog.text[], %(key)s::pg_catalog.text[],
  %(unique_for)s::double precision[], %(flow)s::pg_catalog.uuid[],
  %(on_failure)s::pg_catalog.text[], %(before)s::pg_catalog.uuid[],
  %(after)s::pg_catalog.uuid[]
)
