"""The files for Prometheus, Kubernetes and systemd in the documentation name existing things."""

import re
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


def test_the_deployment_runs_a_worker_whose_probes_are_served() -> None:
    manifest = yaml.safe_load(block("test-and-deploy/kubernetes.md", "worker.yaml"))
    pod = manifest["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["command"] == ["conduit-jobs"]
    options = parse(container["args"])
    assert manifest["spec"]["selector"]["matchLabels"].items() <= (
        manifest["spec"]["template"]["metadata"]["labels"].items()
    )
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


def test_the_migration_runs_commands_that_there_are() -> None:
    manifest = yaml.safe_load(block("test-and-deploy/kubernetes.md", "migrate.yaml"))
    pod = manifest["spec"]["template"]["spec"]
    for container in [*pod["initContainers"], *pod["containers"]]:
        assert container["command"] == ["conduit-jobs"]
        parse(container["args"])
        assert container["env"][0]["valueFrom"]["secretKeyRef"]["key"] == "owner-url"


def test_the_unit_runs_a_worker_with_time_to_stop() -> None:
    parser = _ini()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(block("test-and-deploy/systemd.md", "shop-worker.service"))
    service = parser["Service"]
    program, *arguments = service["ExecStart"].split()
    assert program.endswith("/conduit-jobs")
    options = parse(arguments)
    assert (service["Type"], service["KillMode"]) == ("notify", "mixed")
    assert int(service["TimeoutStopSec"]) >= options["grace"] + 15
    assert int(service["TimeoutStartSec"]) > options["connect_timeout"]
    assert int(service["WatchdogSec"]) >= 10
