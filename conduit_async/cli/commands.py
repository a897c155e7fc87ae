"""The commands of `conduitc`."""

import click

_FORMATS = click.Choice(["text", "json", "sarif"])
_SOURCES = click.argument("sources", nargs=-1, type=click.Path())


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="conduit-async", message="conduitc %(version)s")
def conduitc() -> None:
    """Compile Conduit's @async blocks to Python jobs on Postgres.

    The configuration is [tool.conduit] of pyproject.toml, or conduit.toml, in the folder of the
    sources or above. Arguments override it.
    """


@conduitc.command()
@_SOURCES
@click.option("-o", "--out", type=click.Path(), metavar="DIR", help="The package to write.")
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit 1 when DIR is stale."
)
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option(
    "--watch",
    is_flag=True,
    help="Compile again when a source, the configuration or jobs.lock changes.",
)
def gen(
    sources: tuple[str, ...], out: str | None, only_check: bool, diff: bool, watch: bool
) -> int:
    """Compile SOURCES to the Python package DIR.

    SOURCES are files and folders with *.conduit and *.cdt. All files are written, or none. Files
    that conduitc did not write are never changed.
    """
    from .generate import generate

    if not watch:
        return generate(sources, out, write=not (only_check or diff), diff=diff)
    if only_check or diff:
        raise click.UsageError("--watch excludes --check and --diff")
    from .watch import watch as repeat

    return repeat(sources, out, lambda: generate(sources, out))


@conduitc.command()
@_SOURCES
@click.option(
    "--format", "form", type=_FORMATS, default="text", help="The format of the diagnostics."
)
@click.option("--fix", is_flag=True, help="Apply the safe fixes, then check again.")
@click.option("--diff", is_flag=True, help="Write nothing; print what --fix would change.")
@click.option("--stdin", is_flag=True, help="Check the text of the standard input alone.")
@click.option("--filename", metavar="FILE", help="Which source --stdin is.")
def check(
    sources: tuple[str, ...], form: str, fix: bool, diff: bool, stdin: bool, filename: str | None
) -> int:
    """Print the diagnostics of SOURCES, files and folders.

    A fix is safe if the source has fewer errors with it, or means the same without a warning.
    Without --fix, nothing is written. Editors use --stdin: it answers for one file as it is being
    written, and takes the other sources of the project from the disk.
    """
    from .diagnose import diagnose, diagnose_unsaved

    if stdin != (filename is not None):
        raise click.UsageError("--stdin and --filename need each other")
    if filename is not None:
        if sources or fix or diff:
            raise click.UsageError("--stdin excludes SOURCES, --fix and --diff")
        return diagnose_unsaved(filename, form)
    return diagnose(sources, form, fix=fix, diff=diff)


@conduitc.group()
def lock() -> None:
    """Work on jobs.lock, which lists the job types that a package has had."""


@lock.command()
@click.option("-o", "--out", type=click.Path(), metavar="DIR", help="The package.")
@click.option(
    "--older-than",
    metavar="AGE",
    help="Keep what was current at any time within this AGE: 12h, 90d, 8w, 1y.",
)
@click.option(
    "--before", metavar="COMMIT", help="Keep what was current at this COMMIT or tag, or later."
)
@click.option("--dry-run", is_flag=True, help="Write nothing; print what would be dropped.")
def prune(out: str | None, older_than: str | None, before: str | None, dry_run: bool) -> int:
    """Drop old payload shapes and retired job types from jobs.lock.

    Without options, it drops what is not in the lock of the last commit, such as shapes that a
    change had only while it was written. With --older-than or --before, it drops what was not
    current in any version of the lock in git since then. Current shapes always stay. The
    package can no longer read jobs of a dropped shape: check with `conduit-jobs preflight` that
    none are left.
    """
    from .deploys.prune import prune as drop

    return drop(out, older_than, before, dry_run=dry_run)


@conduitc.command()
@_SOURCES
@click.option("-o", "--out", type=click.Path(), metavar="DIR", help="The package of the sources.")
@click.option(
    "--against",
    metavar="REF|PATH",
    help="A git ref, or a folder or file with a jobs.lock; by default the commit where HEAD left "
    "the default branch.",
)
@click.option("--format", "form", type=_FORMATS, default="text", help="The format of the findings.")
def breaking(sources: tuple[str, ...], out: str | None, against: str | None, form: str) -> int:
    """Say how SOURCES affect waiting jobs, and in which order to deploy.

    Compares SOURCES with the jobs.lock that the package DIR had at REF, or with the one in PATH.
    Exits with 0 if every order is safe, else with 1.
    """
    from .deploys.breaking import breaking as compare

    return compare(sources, out, against, form)


@conduitc.command()
@_SOURCES
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot", "json", "svg"]),
    default="mermaid",
    show_default=True,
    help="The format of the graph; svg needs the extra `graph`.",
)
def graph(sources: tuple[str, ...], form: str) -> int:
    """Print what enqueues what in SOURCES, files and folders.

    The graph has the hooks with their jobs and child jobs, the tables that these read and write,
    and the methods of services that they call. Schedules are not in it: the database holds them,
    and `conduit-jobs schedules` lists them.
    """
    from .graph import graph as draw

    return draw(sources, form)


@conduitc.command()
@click.argument("code", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: an array of pages; of all codes, if none is given.",
)
def explain(code: str | None, form: str) -> int:
    """Explain the CODE of a diagnostic, or list all codes."""
    from .explain import explain as show

    return show(code, form)


@conduitc.command()
def guide() -> int:
    """Print how to write Conduit, on one page: for a reader or a model that has never seen it."""
    from .guide import guide as show

    return show()
