job.queue = lanes.queue AND job.status = 'pending' AND job.priority = lanes.priority
      AND job.type = lanes.type AND job.fingerprint = lanes.fingerprint
      AND job.run_at > part.after AND job.run_at <= part.until
