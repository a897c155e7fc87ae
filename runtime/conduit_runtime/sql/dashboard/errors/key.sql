-- The digest of zeros is a key that is made once for a statement, not once a row.
pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat(
  (SELECT ({conduit_keyed}(ARRAY[pg_catalog.repeat('0', 64)]))[1]), {pattern}), 'UTF8')), 'hex'), 16)
