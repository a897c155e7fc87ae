"""Make leaders of a replicated Postgres fail, again and again, and check the history.

python failover.py [--faults N] [--mode MODE] [--way WAY] [--kind KIND]... [--seed N]
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
from failover_run import run_round
from faults import Faults
from postgres_cluster import postgres_cluster
from replication import install, missing
from resumptions import LIMIT, table

MODES = ("synchronous", "asynchronous")
WAYS = ("haproxy", "hosts")


def main(arguments: argparse.Namespace) -> int:
    """Print a report for each round; return 1 after violations, which leave their logs."""
    if missing():
        install()
    if reason := missing():
        print(reason, file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="conduit-failover-"))
    print(f"seed {arguments.seed}", flush=True)
    began = time.monotonic()
    rounds = []
    with postgres_cluster(folder) as cluster:
        print(f"the cluster is ready after {time.monotonic() - began:.1f} s", flush=True)
        faults = Faults(cluster, random.Random(arguments.seed), *arguments.kind)
        if faults.left_out:
            print(faults.left_out)
        for mode in [arguments.mode] if arguments.mode else MODES:
            for way in [arguments.way] if arguments.way else WAYS:
                logs = folder / f"{mode}-{way}"
                seed = arguments.seed + len(rounds)
                count = arguments.faults
                done = run_round(cluster, logs, faults, mode=mode, way=way, count=count, seed=seed)
                print(done, flush=True)
                rounds.append(done)
    resumed = [each for round_ in rounds for each in round_.resumed]
    print(table(resumed))
    late = [each for each in resumed if each.seconds > LIMIT]
    for each in late:
        print(f"{each.worker} went on {each.seconds:.1f} s after {each.failover.kind}")
    print(f"seed {arguments.seed}, {time.monotonic() - began:.0f} s in all")
    if late or any(round_.violations for round_ in rounds):
        print(f"logs are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def parsed() -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(prog="make failover ARGUMENTS=…")
    parser.add_argument("--faults", type=int, default=5, help="faults a round (5)")
    parser.add_argument("--mode", choices=MODES, help="one mode of replication (both)")
    parser.add_argument("--way", choices=WAYS, help="one way to the leader (both)")
    parser.add_argument("--kind", action="append", default=[], help="kinds of faults (all)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    return parser.parse_args()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # this ends the servers as well
    sys.exit(main(parsed()))
