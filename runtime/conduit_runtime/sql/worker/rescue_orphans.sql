WITH running AS (
{orphans}
  FOR UPDATE OF job SKIP LOCKED
), {reclaim}
