"""Plain values that every layer knows: jobs, schedules, outcomes, payloads, errors. No IO."""
