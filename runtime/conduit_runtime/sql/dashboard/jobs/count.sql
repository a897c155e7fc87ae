-- The number of scanned jobs, and how many of these match.
SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE {matches})
FROM (SELECT * FROM {jobs} AS job WHERE {part} ORDER BY {order} LIMIT %(scanned)s::bigint) AS job
