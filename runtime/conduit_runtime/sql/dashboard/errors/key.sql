pg_catalog.left(({conduit_keyed}(ARRAY[
  pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to({pattern}, 'UTF8')), 'hex')]))[1], 16)
