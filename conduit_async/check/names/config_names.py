"""Names in the configuration that the sources do not have, as far as they look like typos."""

import re
from collections.abc import Collection, Iterable, Mapping

from ...config import Config
from ...diagnostics import Problems
from ...source import Source, Span
from ...suggest import did_you_mean

_PROTECTS_NOTHING = "no value is withheld for it: correct the name, or remove it"


def check_config_names(
    resources: Mapping[str, Collection[str]], config: Config, problems: Problems
) -> None:
    """Warn (VAL513) about `sensitive` that names nothing, and about `tables` with a typo.

    Other tables pass, as a run may see only some of the sources. `resources` are the names of
    columns by those of resources.
    """
    if config.origin is None:
        return
    for name in config.tables:
        _check(name, resources, "resource", config.origin, problems)
    fields = {name for columns in resources.values() for name in columns}
    fields |= {f"{name}.{column}" for name, columns in resources.items() for column in columns}
    for name in config.sensitive:
        owner = name.rpartition(".")[0]
        if owner and owner not in resources:
            _check(owner, resources, "resource", config.origin, problems, _PROTECTS_NOTHING)
        else:
            known = {each for each in fields if each.rpartition(".")[0] == owner}
            _check(name, known, "field", config.origin, problems, _PROTECTS_NOTHING)


def _check(
    name: str,
    known: Iterable[str],
    what: str,
    origin: Source,
    problems: Problems,
    otherwise: str | None = None,
) -> None:
    """Warn of a name that is not known; without a hint `otherwise`, of typos only."""
    hint = None if name in known else did_you_mean(name, known) or otherwise
    if hint is None:
        return
    found = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", origin.text)
    span = Span(origin, *found.span()) if found else Span(origin, 0, 0)
    problems.warning("VAL513", span, f"no source has a {what} `{name}`", hint)
