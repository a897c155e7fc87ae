"""What the site needs beyond MyST: colours, links out of `docs/`, pages made from the code."""

from sphinx.application import Sphinx

from .generated import Generated
from .highlighting import ConduitLexer
from .llms import write
from .repository import unlink


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts; Sphinx calls this."""
    app.add_lexer("conduit", ConduitLexer)
    app.add_directive("generated", Generated)
    app.connect("source-read", unlink)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
