{conduit_advance}(
  pg_catalog.array_agg(id) FILTER (WHERE flow IS NOT NULL), '{}'::uuid[], {budget}, false)
