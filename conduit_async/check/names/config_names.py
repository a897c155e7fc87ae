"""Names in the configuration that the sources do not have, as far as they look like typos."""

import re
from collections.abc import Collection, Iterable, Mapping

from ...config import Config
from ...diagnostics import Problems
from ...source import Source, Span
from ...suggest import nearest


def check_config_names(
    resources: Mapping[str, Collection[str]], config: Config, problems: Problems
) -> None:
    """Warn (VAL513) about `tables` and `sensitive` that name nothing but are close to something.

    Others pass: a run may see only some of the sources. `resources` are names of columns by those
    of resources.
    """
    if config.origin is None:
        return
    fields = {name for columns in resources.values() for name in columns}
    for name in config.tables:
        _check(name, resources, "resource", config.origin, problems)
    for name in config.sensitive:
        owner, dot, field = name.rpartition(".")
        if not dot:
            _check(field, fields, "field", config.origin, problems)
        elif owner in resources:
            known = [f"{owner}.{column}" for column in resources[owner]]
            _check(name, known, "field", config.origin, problems, sure=True)
        else:
            _check(owner, resources, "resource", config.origin, problems)


def _check(
    name: str,
    known: Iterable[str],
    what: str,
    origin: Source,
    problems: Problems,
    *,
    sure: bool = False,
) -> None:
    meant = None if name in known else nearest(name, known)
    if meant is None and (name in known or not sure):
        return
    found = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", origin.text)
    problems.warning(
        "VAL513",
        Span(origin, *found.span()) if found else Span(origin, 0, 0),
        f"no source has a {what} `{name}`",
        f"did you mean `{meant}`?" if meant else None,
    )
