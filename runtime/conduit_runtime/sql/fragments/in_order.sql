-- As the index of orders has it, so that no other index will do; the status comes beside it.
job.key COLLATE "C" = its.key AND job.type = its.type
  AND job.key IS NOT NULL AND job.status IN ('pending', 'failed') AND job.status COLLATE "C"
