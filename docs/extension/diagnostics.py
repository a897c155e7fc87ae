"""The explanation of each diagnostic, from the pages of `conduitc explain`."""

import re

from conduit_async.cli.explain import pages


def family(prefix: str) -> str:
    """The pages of the codes with a prefix, one below the other."""
    found = (page.read_text("utf-8") for code, page in pages().items() if code.startswith(prefix))
    return "\n\n".join(re.sub(r"^# ", "## ", text) for text in found)
