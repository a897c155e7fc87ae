"""The options of a command that uses a broker."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

VARIABLE = "CONDUIT_BROKER_URL"
"""The variable of the environment that may hold the broker's address."""


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """The options --broker, --broker-file and --broker-ca of a command."""

    url: str = field(repr=False)
    ca_file: str | None


def broker_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options, as `broker`: BrokerOptions, or None if no broker is named."""

    @click.option(
        "--broker",
        "url",
        envvar=VARIABLE,
        metavar="URL",
        help=f"The broker, as amqps://user:password@host/vhost (or in {VARIABLE}).",
    )
    @click.option(
        "--broker-file",
        "url_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="A file that holds the URL of the broker.",
    )
    @click.option(
        "--broker-ca",
        "ca_file",
        type=click.Path(exists=True, dir_okay=False),
        metavar="FILE",
        help="A PEM file of the authorities that may sign the broker's certificate, instead of the "
        "system's.",
    )
    @wraps(command)
    def run(
        *before: Any, url: str | None, url_file: Path | None, ca_file: str | None, **given: Any
    ) -> None:
        broker = None
        if url_file is not None:
            source = click.get_current_context().get_parameter_source("url")
            if source is ParameterSource.COMMANDLINE:
                raise click.UsageError("--broker and --broker-file both name a broker: give one")
            try:
                url = url_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise click.BadParameter(f"--broker-file {url_file}: {error}") from None
        if url:
            broker = BrokerOptions(_checked(url, ca_file), ca_file)
        elif ca_file is not None:
            raise click.UsageError(f"--broker-ca needs a broker: give --broker or {VARIABLE}")
        command(*before, broker=broker, **given)

    return run


def _checked(url: str, ca_file: str | None) -> str:
    from ..broker.broker import check_installed, checked_url

    check_installed()
    try:
        return checked_url(url, ca_file)
    except ValueError as error:
        raise click.BadParameter(f"the broker's {error}") from None
