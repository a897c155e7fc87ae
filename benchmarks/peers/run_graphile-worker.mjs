// graphile-worker: a local queue of 500, completions batched, a hundred jobs at once; it deletes
// the jobs that finished. It is started in the folder that the package is installed in.

import { createRequire } from "node:module";

process.env.NO_LOG_SUCCESS = "1"; // read while the package loads
const { Logger, makeWorkerUtils, runOnce } = createRequire(`${process.cwd()}/`)("graphile-worker");

const CHUNK = 1_000;
const CONCURRENCY = 100;
const PAYLOAD = {
  user_id: "0192d5a0-5a5c-7cc0-8b5e-2f6f7a0c9d11",
  template: "welcome",
  to: "user@example.com",
};
const [dsn, ...counts] = process.argv.slice(2);
const [many, single] = counts.map(Number);
const preset = {
  worker: {
    connectionString: dsn,
    logger: new Logger(() => (level, message) => {
      if (level === "error") console.error(message);
    }),
    concurrentJobs: CONCURRENCY,
    maxPoolSize: CONCURRENCY,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  },
};

/** Jobs a second, when `count` of them have been done since `started`. */
function rate(count, started) {
  return (count * 1_000) / (performance.now() - started);
}

/** Jobs a second of something that enqueues `count` jobs. */
async function timed(count, enqueue) {
  const started = performance.now();
  await enqueue();
  return rate(count, started);
}

/** Jobs a second, from the start of the first until the completion of the last is written. */
async function drain() {
  let count = 0;
  let first;
  const noop = async () => {
    first ??= performance.now();
    count += 1;
  };
  await runOnce({ preset, taskList: { noop } });
  return rate(count, first);
}

const utils = await makeWorkerUtils({ preset });
const oneByOne = await timed(single, async () => {
  for (let count = 0; count < single; count += 1) await utils.addJob("noop", PAYLOAD);
});
const chunk = Array.from({ length: CHUNK }, () => ({ identifier: "noop", payload: PAYLOAD }));
const chunks = Math.floor(many / CHUNK);
const bulk = await timed(chunks * CHUNK, async () => {
  for (let count = 0; count < chunks; count += 1) await utils.addJobs(chunk);
});
await utils.withPgClient((client) => client.query("VACUUM ANALYZE"));
const drained = await drain();
const { rows } = await utils.withPgClient((client) =>
  client.query("SELECT count(*)::int AS left FROM graphile_worker.jobs"),
);
await utils.release();
if (rows[0].left) throw new Error(`${rows[0].left} jobs are left`);
console.log(
  JSON.stringify({
    "enqueue one by one": oneByOne,
    "enqueue many": bulk,
    "drain, 1 process": drained,
  }),
);
