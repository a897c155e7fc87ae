"""The files for Prometheus, Kubernetes and systemd in the documentation name existing things."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from conduit_runtime import PoolCollector, Queue, WorkerPool
from conduit_runtime.cli import commands
from conduit_runtime.worker.health.application import LIVE, READY
from page import read
from prometheus_client import CollectorRegistry
from story import _ini

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"
FUNCTIONS = {"max", "min", "sum", "by", "rate", "absent", "histogram_quantile"}


def block(page: str, path: str) -> str:
    [found] = [each for each in read(HOW_TO / page).blocks if each.path == path]
    return found.text


def parse(arguments: list[str]) -> dict[str, Any]:
    """Parse a command line of `conduit-jobs`; raise for a wrong option."""
    command = commands.get_command(click.Context(commands), arguments[0])
    assert command is not None
    return command.make_context(arguments[0], arguments[1:]).params


@pytest.fixture
def exported(dsn: str) -> set[str]:
    """The names of the samples that a worker exports."""
    registry = CollectorRegistry()
    with Queue(dsn) as queue:
        pool = WorkerPool(queue)
        pool.recorder.counters("default", "t").succeeded += 1
        registry.register(PoolCollector(pool))
        return {sample.name for family in registry.collect() for sample in family.samples} | {
            family.name for family in registry.collect()
        }


def test_the_alerts_are_rules_about_metrics_that_there_are(exported: set[str]) -> None:
    [group] = yaml.safe_load(block("operate/monitoring.md", "alerts.yaml"))["groups"]
    assert len(group["rules"]) >= 5
    for rule in group["rules"]:
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"\d+[smh]", rule["for"])
        expression = rule["expr"]
        for opening, closing in ("()", "[]", "{}"):
            assert expression.count(opening) == expression.count(closing)
        metrics = {*re.findall(r"conduit_\w+", expression)}
        assert metrics
        assert metrics <= exported, metrics - exported
        called = {*re.findall(r"\b([a-z_]+)\s*\(", expression)} - {"by"}
        assert called <= FUNCTIONS
        labels = {*re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))}
        grouped = {*re.findall(r"by \(([\w, ]+)\)", expression)}
        assert labels <= {name.strip() for names in grouped for name in names.split(",")}


def manifests(path: str) -> dict[str, Any]:
    """The manifests of a block of the page about Kubernetes, by their kind."""
    return {
        each["kind"]: each
        for each in yaml.safe_load_all(block("test-and-deploy/kubernetes.md", path))
    }


def test_the_deployment_runs_a_worker_whose_probes_are_served() -> None:
    manifest = manifests("worker.yaml")["Deployment"]
    pod = manifest["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["command"] == ["conduit-jobs"]
    options = parse(container["args"])
    [port] = container["ports"]
    assert port["containerPort"] == options["health_port"] == options["metrics_port"]
    assert pod["terminationGracePeriodSeconds"] >= options["grace"] + 15
    probes = {name: container[name]["httpGet"] for name in container if name.endswith("Probe")}
    assert all(probe["port"] == port["name"] for probe in probes.values())
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startupProbe": LIVE,
        "livenessProbe": LIVE,
        "readinessProbe": READY,
    }


def test_the_budget_and_the_autoscaler_are_those_of_the_deployment(exported: set[str]) -> None:
    found = manifests("worker.yaml")
    deployment, budget, scaler = (
        found[kind]["spec"] for kind in ("Deployment", "PodDisruptionBudget", "ScaledObject")
    )
    labels = deployment["template"]["metadata"]["labels"]
    [spread] = deployment["template"]["spec"]["topologySpreadConstraints"]
    for selector in (deployment["selector"], budget["selector"], spread["labelSelector"]):
        assert selector == {"matchLabels": labels}
    assert scaler["scaleTargetRef"]["name"] == found["Deployment"]["metadata"]["name"]
    assert "replicas" not in deployment
    assert 0 < budget["maxUnavailable"] < scaler["minReplicaCount"] < scaler["maxReplicaCount"]
    [trigger] = scaler["triggers"]
    assert {*re.findall(r"conduit_\w+", trigger["metadata"]["query"])} <= exported


def test_the_preflight_may_only_read_and_is_not_repeated() -> None:
    for path, key in (("preflight.yaml", "reader-url"), ("migrate.yaml", "owner-url")):
        job = manifests(path)["Job"]["spec"]
        [container] = job["template"]["spec"]["containers"]
        assert container["command"] == ["conduit-jobs"]
        parse(container["args"])
        assert container["args"][0] == path.removesuffix(".yaml")
        assert container["env"][0]["valueFrom"]["secretKeyRef"]["key"] == key
        assert (job["backoffLimit"] == 0) == (path == "preflight.yaml")


UNIT = "shop-worker@.service"


def test_the_unit_runs_a_worker_with_time_to_stop() -> None:
    parser = _ini()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(block("test-and-deploy/systemd.md", UNIT))
    service = parser["Service"]
    program, *arguments = service["ExecStart"].split()
    assert program.endswith("/conduit-jobs")
    options = parse(arguments)
    assert (service["Type"], service["KillMode"]) == ("notify", "mixed")
    assert int(service["TimeoutStopSec"]) >= options["grace"] + 15
    assert int(service["TimeoutStartSec"]) > options["connect_timeout"]
    assert int(service["WatchdogSec"]) >= 10


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_knows_each_setting_of_the_unit(tmp_path: Path) -> None:
    text = block("test-and-deploy/systemd.md", UNIT)
    text = re.sub("ExecStart=[^ ]+", f"ExecStart={shutil.which('true')}", text)
    unit = tmp_path / UNIT
    unit.write_text(text.replace("/srv/shop", "/").replace("User=shop", "User=root"))
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if UNIT.partition("@")[0] in line]
    assert complaints == []
