"""The commands of `conduitc`."""

import click

_FORMATS = click.Choice(["text", "json", "sarif"])
_SOURCES = click.argument("sources", nargs=-1, type=click.Path())


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="conduit-async", message="conduitc %(version)s")
def conduitc() -> None:
    """Compile Conduit's @async blocks to Python jobs on Postgres.

    What is not given on the command line comes from [tool.conduit] in pyproject.toml, or from
    conduit.toml, in the folder of the sources or above.
    """


@conduitc.command()
@_SOURCES
@click.option("-o", "--out", type=click.Path(), metavar="DIR", help="The package to write.")
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit 1 when DIR is stale."
)
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option("--watch", is_flag=True, help="Compile again whenever a source changes.")
def gen(
    sources: tuple[str, ...], out: str | None, only_check: bool, diff: bool, watch: bool
) -> int:
    """Compile SOURCES, files and folders (*.conduit, *.cdt), into the Python package DIR.

    All files are written or none; files that conduitc did not write are never touched.
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
@click.option("--format", "form", type=_FORMATS, default="text", help="How to print the findings.")
def check(sources: tuple[str, ...], form: str) -> int:
    """Report what is wrong with SOURCES, files and folders, and write nothing."""
    from .diagnose import diagnose

    return diagnose(sources, form)


@conduitc.command()
@click.argument("code", required=False)
def explain(code: str | None) -> int:
    """Say what a diagnostic's CODE means and what to write instead; without one, list all."""
    from .explain import explain as show

    return show(code)
