"""Run the cluster and check its history: `python run.py [--jobs N] [--seed N] [--keep]`.

It starts three RabbitMQ nodes, two databases, two gateways each, and six workers that know no
database. Faults disturb all of them while jobs run. Exits with 1 if a guarantee was broken.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from paths import HELPERS

sys.path.extend(HELPERS)
import servers
from cluster_run import Size, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="make cluster")
    parser.add_argument("--jobs", type=int, default=200_000, help="how many jobs, in all")
    parser.add_argument("--minutes", type=float, default=3, help="how long it takes at least")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--keep", action="store_true", help="keep logs and databases")
    arguments = parser.parse_args()
    servers.install()
    if not servers.has_rabbitmq():
        print(servers.MISSING)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="conduit-cluster-"))
    print(f"seed {arguments.seed}, in {folder}", flush=True)
    began = time.monotonic()
    size = Size(arguments.jobs // 2, arguments.minutes * 60, loses_data=True)
    reports = run(folder, size, arguments.seed)
    for report in reports:
        print(report, flush=True)
    jobs = sum(report.jobs for report in reports)
    print(f"{jobs:,} jobs in {time.monotonic() - began:.0f} s")
    has_failed = any(report.violations for report in reports)
    if has_failed or arguments.keep:
        print(f"logs and databases are in {folder}")
    else:
        shutil.rmtree(folder)
    return int(has_failed)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # this stops everything as well
    sys.exit(main())
