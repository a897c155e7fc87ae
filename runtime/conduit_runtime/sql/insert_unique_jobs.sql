-- Answers which job stands for each that was not inserted, and whether it may be read.
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(
    %(id)s::uuid[], %(queue)s::text[], %(type)s::text[], %(fingerprint)s::text[],
    %(payload)s::text[], %(priority)s::int[], %(max_attempts)s::int[], %(timeout)s::float8[],
    %(run_at)s::timestamptz[], %(delay)s::float8[], %(key)s::text[], %(unique_for)s::float8[]{traces}
  ) WITH ORDINALITY AS new
    (id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, delay, key,
     unique_for{trace}, position)
), {unique}
SELECT position - 1, held.job, pg_catalog.has_table_privilege('{jobs}', 'SELECT')
FROM asked JOIN held ON held.type = asked.type AND held.key = asked.key
WHERE held.job <> asked.id
ORDER BY position
