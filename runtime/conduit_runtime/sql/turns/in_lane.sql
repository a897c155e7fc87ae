pending.queue = its.queue AND pending.status = 'pending' AND pending.priority = its.priority
  AND pending.type = its.type AND pending.fingerprint = its.fingerprint
  AND pg_catalog.right(pending.fingerprint, 1) <> '~'
