{function}(
  {parents}ARRAY(SELECT ROW({new_job})::{conduit_new_job} FROM unnest({arrays}) AS new ({names})),
  %(digest)s::pg_catalog.text[], %(unique_for)s::double precision[], %(at_most)s::double precision[],
  %(before)s::pg_catalog.uuid[], %(after)s::pg_catalog.uuid[]
)
