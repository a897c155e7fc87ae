pg_catalog.left(pg_catalog.regexp_replace(
  pg_catalog.left(pg_catalog.split_part(coalesce(error, ''), E'\n', 1), 300),
  '0[xX][0-9a-fA-F]+|[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*|[0-9]+(?:[.,:-][0-9]+)*',
  '#', 'g'), 200) COLLATE "C"
