(limits.concurrency IS NOT NULL OR limits.starts IS NOT NULL OR limits.key_concurrency IS NOT NULL)
