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
@click.option("--watch", is_flag=True, help="Compile again when a source changes.")
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
        raise click.UsageError("--watch goes with neither --check nor --diff")
    from .watch import watch as repeat

    return repeat(sources, lambda: generate(sources, out))


@conduitc.command()
@_SOURCES
@click.option(
    "--format", "form", type=_FORMATS, default="text", help="The format of the diagnostics."
)
def check(sources: tuple[str, ...], form: str) -> int:
    """Print the diagnostics of SOURCES, files and folders, and write nothing."""
    from .diagnose import diagnose

    return diagnose(sources, form)


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
    """Say what SOURCES change for jobs that wait, and in which order to deploy.

    Compares with the jobs.lock that the package DIR had at REF, or with that in PATH. Exits with 0
    when any order will do, else with 1.
    """
    from .breaking import breaking as compare

    return compare(sources, out, against, form)


@conduitc.command()
@click.argument("code", required=False)
def explain(code: str | None) -> int:
    """Explain the CODE of a diagnostic, or list all codes."""
    from .explain import explain as show

    return show(code)
