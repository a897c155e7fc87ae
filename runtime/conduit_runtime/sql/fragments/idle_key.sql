('{jobs}'::pg_catalog.regclass::pg_catalog.oid::bigint
  OPERATOR(pg_catalog.-) 2147483648)::integer, pg_catalog.hashtext({queue})
