(concurrency IS NOT NULL OR key_concurrency IS NOT NULL OR fair IS TRUE)
