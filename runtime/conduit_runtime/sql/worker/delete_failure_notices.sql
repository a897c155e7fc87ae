DELETE FROM {conduit_failure_notices} AS notice
USING unnest(%(jobs)s::uuid[], %(workers)s::text[]) AS reported (job, worker)
WHERE notice.job = reported.job AND notice.reporter = reported.worker
