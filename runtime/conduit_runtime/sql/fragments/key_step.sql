-- The end of the hundredth of the period that it is now.
pg_catalog.to_timestamp(
  (pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp())::float8 * 100::float8 / limits.key_seconds) + 1::float8)
  * limits.key_seconds / 100::float8)
