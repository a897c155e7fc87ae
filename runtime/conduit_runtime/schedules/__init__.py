"""Jobs by the clock: when a schedule ticks, and who enqueues its job."""
