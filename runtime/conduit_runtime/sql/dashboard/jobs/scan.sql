-- The first matching jobs among so many beyond an id, and the id at which the scan ended early.
WITH found AS MATERIALIZED (
  SELECT id FROM (
    SELECT * FROM {jobs} WHERE {part} AND id {beyond} %(before)s::uuid
    ORDER BY {sorted}
    LIMIT %(scanned)s::bigint
  ) AS job
  WHERE {matches}
  ORDER BY {sorted}
  LIMIT %(limit)s::bigint
), ending AS MATERIALIZED (
  SELECT CASE WHEN (SELECT pg_catalog.count(*) FROM found) < %(limit)s::bigint THEN (
    SELECT id FROM {jobs} WHERE {part} AND id {beyond} %(before)s::uuid
    ORDER BY {sorted}
    OFFSET %(scanned)s::bigint - 1 LIMIT 1
  ) END AS id
)
SELECT ending.id, {moment}, {columns}
FROM ending
LEFT JOIN {jobs} AS last ON last.id = ending.id
LEFT JOIN {jobs} AS job ON job.id = ANY (ARRAY(SELECT id FROM found))
ORDER BY job.{sorted}
