{conduit_enqueue}(
  {completed}::pg_catalog.uuid[], %(new_parent)s::pg_catalog.uuid[], %(new_id)s::pg_catalog.uuid[],
  %(new_queue)s::pg_catalog.text[], %(new_type)s::pg_catalog.text[],
  %(new_fingerprint)s::pg_catalog.text[], %(new_payload)s::pg_catalog.text[],
  %(new_priority)s::integer[], %(new_max_attempts)s::integer[], %(new_timeout)s::double precision[],
  %(new_run_at)s::timestamp with time zone[], %(new_delay)s::double precision[],
  %(new_trace)s::pg_catalog.text[], %(new_key)s::pg_catalog.text[],
  %(new_unique_for)s::double precision[], %(new_flow)s::pg_catalog.uuid[],
  %(new_on_failure)s::pg_catalog.text[], %(new_before)s::pg_catalog.uuid[],
  %(new_after)s::pg_catalog.uuid[]
)
