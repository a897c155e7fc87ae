-- The failed jobs of a filter that were enqueued last, grouped by type and by the first line of the error with its
-- numbers replaced. Each group has its failures in equal parts of the period, and its last job.
WITH newest AS MATERIALIZED (
  SELECT id, queue, type, error,
         least(greatest(coalesce(completed_at, created_at), '0001-01-02 00:00Z'), pg_catalog.now()) AS at
  FROM (
    SELECT * FROM {jobs}
    WHERE status = 'failed' AND id < %(before)s::uuid
    ORDER BY id DESC
    LIMIT %(scanned)s::bigint
  ) AS job
  WHERE (%(queue)s::text IS NULL OR queue = %(queue)s)
    AND (%(type)s::text IS NULL OR type = %(type)s)
  ORDER BY id DESC
  LIMIT %(limit)s::bigint
), ending AS MATERIALIZED (
  SELECT CASE WHEN (SELECT pg_catalog.count(*) FROM newest) = %(limit)s::bigint
    THEN (SELECT id FROM newest ORDER BY id LIMIT 1)
    ELSE (
      SELECT id FROM {jobs}
      WHERE status = 'failed' AND id < %(before)s::uuid
      ORDER BY id DESC
      OFFSET %(scanned)s::bigint - 1 LIMIT 1
    ) END AS id
), period AS MATERIALIZED (
  SELECT CASE
    WHEN ending.id IS NULL AND %(last)s::float8 IS NOT NULL THEN since.at
    ELSE coalesce((SELECT pg_catalog.min(at) FROM newest WHERE at >= since.at), pg_catalog.now()) END AS begin
  FROM ending CROSS JOIN (
    SELECT coalesce(
      pg_catalog.now() - pg_catalog.make_interval(secs => %(last)s::float8), '-infinity') AS at
  ) AS since
), parts AS MATERIALIZED (
  SELECT type, {dashboard/errors/pattern} AS pattern,
         pg_catalog.width_bucket(
           extract(epoch FROM at)::float8, extract(epoch FROM period.begin)::float8,
           extract(epoch FROM pg_catalog.now())::float8 + 1::float8, %(parts)s) - 1 AS part,
         pg_catalog.count(*) AS jobs, pg_catalog.min(at) AS first, pg_catalog.max(at) AS last,
         pg_catalog.max(newest.id::text COLLATE "C") AS latest
  FROM newest JOIN period ON newest.at >= period.begin
  GROUP BY type, pattern, part
), groups AS MATERIALIZED (
  SELECT type, pattern, pg_catalog.sum(jobs)::bigint AS jobs,
         pg_catalog.min(first) AS first, pg_catalog.max(last) AS last, pg_catalog.max(latest)::uuid AS latest,
         pg_catalog.array_agg(part) AS parts, pg_catalog.array_agg(jobs) AS counts,
         pg_catalog.count(*) OVER () AS all_groups
  FROM parts
  GROUP BY type, pattern
  ORDER BY jobs DESC, last DESC, type, pattern
  LIMIT %(groups)s
)
SELECT period.begin, pg_catalog.now(), (SELECT pg_catalog.count(*) FROM newest),
       ending.id, {moment},
       found.type, {dashboard/errors/key}, found.pattern, found.jobs, found.first, found.last, found.latest,
       found.parts, found.counts, found.all_groups, coalesce(job.fingerprint, ''),
       -- The mask finds only whole values; escapes make them up to six times as long.
       pg_catalog.left(job.error, 1000 + 6 * %(largest)s),
       CASE WHEN pg_catalog.octet_length(job.payload::text) < %(largest)s THEN job.payload::text END
FROM period CROSS JOIN ending
LEFT JOIN {jobs} AS last ON last.id = ending.id
LEFT JOIN groups AS found ON true
LEFT JOIN {jobs} AS job ON job.id = found.latest
ORDER BY found.jobs DESC, found.last DESC, found.type, found.pattern
