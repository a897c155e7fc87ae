-- The end of the hundredth of the period that it is now.
pg_catalog.to_timestamp(
  (pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp())::float8 * 100::float8 / rate.seconds) + 1::float8)
  * rate.seconds / 100::float8)
