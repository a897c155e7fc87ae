-- As the index of turns has it, so that no other index will do.
coalesce(pending.key IS NOT NULL AND pending.status = 'pending'
    AND pg_catalog.right(pending.fingerprint, 1) <> '~', false)
  AND pending.queue = its.queue AND pending.priority = its.priority
  AND pending.type = its.type AND pending.fingerprint = its.fingerprint
