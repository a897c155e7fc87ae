-- Workers that listen get the notification at the commit. The others see the change with their next
-- heartbeat.
SELECT CASE WHEN {wakes}
  THEN pg_catalog.pg_notify({control_channel}, 'control') END
FROM control
