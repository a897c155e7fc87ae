ARRAY(
  SELECT pending.ctid FROM {jobs} AS pending
  WHERE pending.id = ANY (%(ids)s::uuid[]) AND coalesce(pending.status = 'pending', false)
    AND pending.run_at <= pg_catalog.now() {skipping}
)
