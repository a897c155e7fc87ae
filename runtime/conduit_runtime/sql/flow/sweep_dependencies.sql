-- The dependencies after this one, one page, and which of their jobs ended or were deleted by a
-- statement that is not ours: the jobs that wait for them were not released.
WITH page AS MATERIALIZED (
  SELECT job, next FROM {conduit_dependencies}
  WHERE (job, next) > (%(job)s::uuid, %(next)s::uuid)
  ORDER BY job, next
  LIMIT %(limit)s
)
SELECT job, next,
       {has_ended}
FROM page
ORDER BY job, next
