"""The benchmarks print their figures as expected; `make bench` measures."""

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path
from statistics import median
from unittest.mock import Mock
from xml.etree import ElementTree

import psycopg
import pytest
from conduit_runtime.doctor.expected import expected
from waiting import until

from benchmarks import peers, report
from benchmarks.chart import chart
from benchmarks.dashboard import rows
from benchmarks.database import Database, drop
from benchmarks.measure import Figure, Options, Results
from benchmarks.memory import peak_memory
from benchmarks.peers import peer

ROOT = Path(__file__).parents[1]
MACHINE = {"processor": "one & only"}
FIGURES = [
    Figure("drain, 1 process", "jobs/s", [50_000.0, 60_000.0], 80_000.0, "bare", 0.8),
    Figure("enqueue to start", "ms", [2.5], target=3.0, less_is_better=True),
    Figure("pgqueuer: drain, 1 process", "jobs/s", [15_000.0], 60_000.0, "ours", note="uvloop"),
]


def test_the_figures_as_a_table() -> None:
    rows = report.markdown(MACHINE, FIGURES).splitlines()[2:]
    assert rows == [
        "| drain, 1 process | 55,000 jobs/s | 50,000 60,000 | 0.69 of bare | ≥ 0.8 **missed** |",
        "| enqueue to start | 2.5 ms | 2.5 |  | ≤ 3 reached |",
        "| pgqueuer: drain, 1 process | 15,000 jobs/s | 15,000 | 0.25 of ours; uvloop |  |",
        "",
        "- processor: one & only",
    ]


def test_a_chart_shows_each_queue_the_fastest_first() -> None:
    texts = [element.text for element in ElementTree.fromstring(chart(FIGURES)).iter()]
    names = [text for text in texts if text in ("conduit-async", "pgqueuer", "55,000", "15,000")]
    assert names == ["conduit-async", "55,000", "pgqueuer", "15,000"]


def test_a_chart_of_nothing_is_a_chart() -> None:
    assert ElementTree.fromstring(chart([])).tag.endswith("svg")


def test_recording_changes_the_pages_between_their_marks(tmp_path: Path) -> None:
    (tmp_path / "docs" / "explanation").mkdir(parents=True)
    pages = {"docs/explanation/performance.md": "figures", "README.md": "chart"}
    for page in pages:
        (tmp_path / page).write_text((ROOT / page).read_text())
    for _ in range(2):
        report.record(tmp_path, MACHINE, FIGURES)
    for page, name in pages.items():
        before, after = (ROOT / page).read_text(), (tmp_path / page).read_text()
        assert before.split(f"<!-- {name} -->")[0] == after.split(f"<!-- {name} -->")[0]
        assert (
            before.split(f"<!-- end of {name} -->")[1] == after.split(f"<!-- end of {name} -->")[1]
        )
    page = (tmp_path / "docs/explanation/performance.md").read_text()
    assert page.count("| drain, 1 process | 55,000") == 1
    assert (tmp_path / "README.md").read_text().count("(docs/benchmarks/chart.svg)") == 1
    folder = tmp_path / "docs" / "benchmarks"
    assert len(json.loads((folder / "results.json").read_text())["figures"]) == 3
    assert (folder / "chart.svg").exists()


def test_recording_one_group_keeps_the_figures_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "docs" / "explanation").mkdir(parents=True)
    for page in ("docs/explanation/performance.md", "README.md"):
        (tmp_path / page).write_text((ROOT / page).read_text())
    report.record(tmp_path, MACHINE, FIGURES)
    again = Figure("drain, 1 process", "jobs/s", [40_000.0], 80_000.0, "bare", 0.8)
    other = Figure("dashboard: overview, p95", "ms", [40.0], target=200, less_is_better=True)
    report.record(tmp_path, MACHINE, [other, again])
    results = tmp_path / "docs" / "benchmarks" / "results.json"
    recorded = [
        (each["name"], each["value"]) for each in json.loads(results.read_text())["figures"]
    ]
    assert recorded == [
        ("drain, 1 process", 40_000.0),
        ("enqueue to start", 2.5),
        ("pgqueuer: drain, 1 process", 15_000.0),
        ("dashboard: overview, p95", 40.0),
    ]
    report.record(tmp_path, {"processor": "another"}, [other])
    assert len(json.loads(results.read_text())["figures"]) == 1


def test_recording_the_broker_fills_the_page_that_compares_setups(tmp_path: Path) -> None:
    (tmp_path / "docs" / "explanation").mkdir(parents=True)
    page = "docs/explanation/scaling.md"
    for name in ("docs/explanation/performance.md", "README.md", page):
        (tmp_path / name).write_text((ROOT / name).read_text())
    figures = [
        Figure("broker: drain, direct", "jobs/s", [60_000.0]),
        Figure("broker: drain, three nodes", "jobs/s", [30_000.0]),
        Figure("broker: enqueue to start, half load, one node, p50", "ms", [7.0]),
        Figure("broker: enqueue to start, half load, one node, p99", "ms", [21.0]),
    ]
    report.record(tmp_path, MACHINE, figures)
    rows = (tmp_path / page).read_text().splitlines()
    assert "| one worker process drains, jobs/s | 60,000 |  | 30,000 |" in rows
    assert "| at half load |  | 7, 21 |  |" in rows


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docs" / "explanation").mkdir(parents=True)
    (tmp_path / "docs" / "explanation" / "performance.md").write_text("nothing")
    with pytest.raises(ValueError, match="no place for the figures"):
        report.record(tmp_path, MACHINE, FIGURES)


def test_a_peer_that_cannot_be_installed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(peer, "_CACHE", tmp_path)
    of_node = peer.NodePeer("of-node", ("of-node@1",), "")
    later = peer.PythonPeer("later", (), "", python=(9, 1))
    monkeypatch.setattr(peers, "PEERS", (of_node, later))
    results = Results()
    peers.peers("", Options(), results)
    assert not results.figures
    assert capsys.readouterr().err.splitlines() == [
        "of-node left out: it cannot be installed here",
        "later left out: it cannot be installed here",
    ]


def test_documents_quote_the_recorded_run_only() -> None:
    recorded = json.loads((ROOT / "docs/benchmarks/results.json").read_text("utf-8"))["figures"]
    known = {f"{median(figure['runs']):,.0f}" for figure in recorded}
    pages = [f"docs/explanation/{name}.md" for name in ("performance", "scaling")]
    for name in ("README.md", "CHANGELOG.md", *pages):
        quoted = re.findall(r"([\d,]+) jobs a second", (ROOT / name).read_text("utf-8"))
        assert set(quoted) <= known, name
        assert quoted, name


def test_the_summary_of_performance_is_of_the_recorded_run() -> None:
    page = (ROOT / "docs/explanation/performance.md").read_text("utf-8")
    table = [line.split("|") for line in page.split("## ")[0].splitlines() if line.startswith("| ")]
    numbers = [
        number
        for _, _, *cells, _ in table[1:]
        for cell in cells
        for number in re.findall(r"(?<![p\d,.])\d[\d,.]*", cell)
    ]
    figures = page.split("<!-- figures -->")[1].split("<!-- end of figures -->")[0]
    assert len(numbers) > 10
    assert [number for number in numbers if number.rstrip(",.") not in figures] == []


@pytest.mark.slow
def test_the_rows_for_the_dashboard(server_dsn: str) -> None:
    name = "conduit_benchmark_rows"
    database = Database(server_dsn, name=name)
    try:
        rows.fill(database, Options(scale=0.001))
        found = dict(database.run("SELECT status, count(*) FROM jobs GROUP BY status"))
        assert found == {"completed": 1900, "failed": 500, "cancelled": 100, "pending": 2501}
        assert database.run("SELECT count(DISTINCT type) FROM jobs") == [(rows.TYPES,)]
        indexes = database.run("SELECT indexname FROM pg_indexes WHERE indexname ~ '^jobs_'")
        assert {name for (name,) in indexes} - {"jobs_pkey"} == {
            name for name in expected().indexes if name.startswith("jobs_")
        }
    finally:
        with psycopg.connect(server_dsn, autocommit=True) as connection:
            drop(connection, name)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux counts it")
def test_the_memory_of_a_command_includes_the_processes_that_it_starts() -> None:
    child = "text = b'x' * 200_000_000; input()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    with peak_memory(process) as peak:
        until(lambda: peak() >= 200)
        process.communicate(b"\n")
    assert process.returncode == 0


@dataclass(frozen=True, slots=True)
class FakePeer(peer.Peer):
    """A peer whose script is a line of Python."""

    script: str = ""

    def command(self) -> list[str]:
        return [sys.executable, "-c", self.script]

    def _install(self) -> bool:
        return True

    def _start(self) -> list[str]:
        return self.command()


def test_a_peer_without_a_result_is_left_out(
    dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(peer, "_CACHE", tmp_path)
    rates = {"drain, 1 process": 1.0, "enqueue many": 1.0, "enqueue one by one": 1.0}
    scripts = {
        "slow": "import threading; threading.Event().wait()",
        "broken": "raise SystemExit(3)",
        "good": f"print('{json.dumps(rates)}')",
    }
    for name in scripts:
        (tmp_path / name).mkdir()
    found = tuple(FakePeer(name, (), "", script=script) for name, script in scripts.items())
    monkeypatch.setattr(peers, "PEERS", found)
    monkeypatch.setattr(peers, "SECONDS", 6)
    monkeypatch.setattr(peers, "Database", lambda server: Mock(dsn=dsn))
    results = Results()
    for name in ("drain, 1 process", "enqueue many", "enqueue one by one, 1 producer"):
        results.add(Figure(name, "jobs/s", [2.0]))
    peers.peers(dsn, Options(1, 1.0), results)
    assert {figure.name for figure in results.figures if ":" in figure.name} == {
        f"good: {name}" for name in rates
    }
    errors = capsys.readouterr().err
    assert "slow left out: no result within 6 s" in errors
    assert "broken left out: it ended with 3" in errors


def test_make_installs_what_benchmarks_import() -> None:
    """`.setup-run` installs the extras dashboard and embedded, `.setup-dev` everything."""
    makefile = (ROOT / "Makefile").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["dashboard"], *extras["embedded"]]
    installed = {re.split(r"[^\w-]", each)[0].lower() for each in wanted}
    distributions = packages_distributions()
    sources = {"bench": ROOT.glob("benchmarks/**/*.py"), "soak": [ROOT / "benchmarks/soak.py"]}
    for target, files in sources.items():
        imported = {
            name
            for file in files
            for name in re.findall(r"^(?:import|from) ([a-z]\w*)", file.read_text(), re.MULTILINE)
        }
        missing = {
            name
            for name in imported & distributions.keys()
            if not name.startswith("conduit_")
            and not {each.lower() for each in distributions[name]} & installed
        }
        setup = re.search(rf"^{target}: (\S+)", makefile, re.MULTILINE)
        assert setup
        assert not missing or setup[1] == ".setup-dev", (target, missing)
