-- The next matching jobs among so many after an id, and the id to continue from (NULL at the end).
WITH found AS MATERIALIZED (
  SELECT id FROM (
    SELECT * FROM {jobs}
    WHERE {part} AND id > %(after)s::uuid AND id <= %(last)s::uuid
    ORDER BY id
    LIMIT %(scanned)s::bigint
  ) AS job
  WHERE {matches} AND job.status = ANY (%(statuses)s::text[])
  ORDER BY id
  LIMIT %(limit)s::bigint
)
SELECT ARRAY(SELECT id FROM found ORDER BY id),
       CASE WHEN (SELECT pg_catalog.count(*) FROM found) = %(limit)s::bigint
         THEN (SELECT id FROM found ORDER BY id DESC LIMIT 1)
         ELSE (
           SELECT id FROM {jobs}
           WHERE {part} AND id > %(after)s::uuid AND id <= %(last)s::uuid
           ORDER BY id
           OFFSET %(scanned)s::bigint - 1 LIMIT 1
         ) END
