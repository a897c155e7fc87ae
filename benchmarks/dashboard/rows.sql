-- A queue after a month: `count` jobs that have ended, as many that wait, metrics and schedules.

-- As conduit_new_id, at a given time.
CREATE FUNCTION pg_temp.id_at(enqueued_at timestamptz) RETURNS uuid LANGUAGE sql AS $$
  SELECT encode(set_bit(set_bit(overlay(
      uuid_send(gen_random_uuid())
      PLACING substring(int8send((extract(epoch FROM enqueued_at) * 1000)::bigint) FROM 3) FROM 1 FOR 6
    ), 52, 1), 53, 1), 'hex')::uuid
$$;

CREATE FUNCTION pg_temp.payload(n bigint) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object(
    'user_id', n % 100000, 'order', gen_random_uuid(), 'to', concat('u', n, '@example.com'),
    'template', (ARRAY['welcome', 'receipt', 'reminder'])[n % 3 + 1], 'amount', n % 1000 / 10.0)
$$;

CREATE FUNCTION pg_temp.error(n bigint) RETURNS text LANGUAGE sql AS $$
  SELECT CASE (n / 5 + n / 1000) % 8
    WHEN 0 THEN format('ConnectionError: 10.0.%s.%s:5432 refused after %s ms', n % 200, n % 99, n)
    WHEN 1 THEN format('KeyError: ''customer %s''', n)
    WHEN 2 THEN format('HTTPError: 503 for POST /orders/%s/pay', gen_random_uuid())
    WHEN 3 THEN 'TimeoutError'
    WHEN 4 THEN format('ValueError: amount %s is below %s', n % 1000, n % 7)
    WHEN 5 THEN format('RuntimeError: <Session object at 0x%s> is closed', to_hex(n * 4096))
    WHEN 6 THEN format('LookupError: no row %s in invoices (invoice.conduit:%s)', n, n % 3 + 20)
    ELSE format('SMTPDataError: (451, ''mailbox of u%s@example.com is full'')', n) END
$$;

CREATE FUNCTION pg_temp.attempts(n bigint, enqueued_at timestamptz, error text) RETURNS jsonb
LANGUAGE sql AS $$
  SELECT jsonb_agg(jsonb_build_object(
    'attempt', attempt, 'at', enqueued_at + make_interval(mins => attempt), 'error', error,
    'exception', 'builtins.Exception',
    'traceback', concat('Traceback (most recent call last):', frames, E'\n', error)))
  FROM generate_series(1, 3) AS attempt, (
    SELECT string_agg(
      format(E'\n  File "app/services.py", line %s\n    %s', line, md5(concat(n, line))), '') AS frames
    FROM generate_series(1, 12) AS line
  ) AS trace
$$;

INSERT INTO jobs (id, queue, type, payload, status, attempts, error, errors, created_at, run_at,
                  started_at, locked_at, completed_at)
SELECT pg_temp.id_at(enqueued_at), concat('default', n % :queues), concat('noop', n % :types),
       pg_temp.payload(n), status, CASE status WHEN 'failed' THEN 3 ELSE 1 END, error,
       CASE status WHEN 'failed' THEN pg_temp.attempts(n, enqueued_at, error) END,
       enqueued_at, enqueued_at, enqueued_at, enqueued_at, enqueued_at + make_interval(secs => n % 100)
FROM (
  SELECT n, now() - interval '30 days' * (1 - n / :count::float8) AS enqueued_at,
         CASE WHEN n % 5 = 0 THEN pg_temp.error(n) END AS error,
         CASE WHEN n % 5 = 0 THEN 'failed' WHEN n % 25 = 1 THEN 'cancelled' ELSE 'completed' END
           AS status
  FROM generate_series(1, :count::bigint) AS n
) AS job;

-- One in twenty is not due.
INSERT INTO jobs (id, queue, type, payload, created_at, run_at)
SELECT pg_temp.id_at(enqueued_at), concat('default', n % :queues), concat('noop', n % :types),
       pg_temp.payload(n), enqueued_at, CASE n % 20 WHEN 0 THEN now() + interval '1 day' ELSE enqueued_at END
FROM (
  SELECT n, now() - interval '1 hour' * (1 - n / :count::float8) AS enqueued_at
  FROM generate_series(1, :count::bigint) AS n
) AS job;

-- Minutes of the last two hours, hours of two days, and days.
INSERT INTO conduit_metrics (seconds, starts_at, queue, type, succeeded, failed, duration, wait,
                             durations, waits)
SELECT period.seconds,
       date_bin(make_interval(secs => period.seconds),
                now() - make_interval(secs => period.seconds * place), '2000-01-01 00:00Z'),
       concat('default', n % :queues), concat('noop', n), 1000, 50, 100.0, 50.0,
       array_fill(20::bigint, ARRAY[30]), array_fill(10::bigint, ARRAY[40])
FROM (VALUES (60, 0, 120), (3600, 3, 48), (86400, 3, 30)) AS period (seconds, first, last)
CROSS JOIN LATERAL generate_series(first, last) AS place
CROSS JOIN generate_series(0, :types - 1) AS n;

INSERT INTO conduit_schedules (name, queue, type, every, next_run_at)
SELECT concat('schedule ', n), 'default0', concat('noop', n), 3600, now() + interval '1 day'
FROM generate_series(1, 50) AS n;

-- One type in three enqueues the next.
INSERT INTO conduit_job_types (type, fingerprint, queue, description)
SELECT concat('noop', n), 'f00d', concat('default', n % :queues), jsonb_build_object(
    'fields', '{
      "user_id": {"kind": "int"}, "order": {"kind": "uuid"}, "amount": {"kind": "decimal"},
      "to": {"kind": "string", "sensitive": true},
      "template": {"kind": "enum", "values": ["welcome", "receipt", "reminder"]}
    }'::jsonb,
    'source', jsonb_build_object(
      'path', format('resources/order%s.conduit', n / 4), 'line', n % 4 * 20 + 10,
      'text', repeat(E'  Email.send(self.to, subject: "Your order")\n', 15)),
    'hooks', jsonb_build_array(jsonb_build_object(
      'name', format('Order%s.after_create', n / 4), 'calls', jsonb_build_array('Risk.check'))),
    'enqueues', CASE n % 3 WHEN 0 THEN jsonb_build_array(concat('noop', (n + 1) % :types))
      ELSE '[]' END,
    'calls', jsonb_build_array('Email.send', concat('Service', n % 7, '.call')))
FROM generate_series(0, :types - 1) AS n;
