ON CONFLICT (seconds, starts_at, queue, type) DO UPDATE SET
  succeeded = kept.succeeded + excluded.succeeded,
  failed = kept.failed + excluded.failed,
  retried = kept.retried + excluded.retried,
  discarded = kept.discarded + excluded.discarded,
  snoozed = kept.snoozed + excluded.snoozed,
  cancelled = kept.cancelled + excluded.cancelled,
  expired = kept.expired + excluded.expired,
  duration = kept.duration + excluded.duration,
  wait = kept.wait + excluded.wait,
  durations = {conduit_add_histograms}(kept.durations, excluded.durations),
  waits = {conduit_add_histograms}(kept.waits, excluded.waits)
