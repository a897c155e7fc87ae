"""The site of the documentation: `make docs` builds it into `build/docs`."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "conduit-async"
release = version = version_of("conduit-async")
extensions = ["myst_parser", "sphinx.ext.autodoc", "extension"]
exclude_patterns = ["benchmarks"]
smartquotes = False  # they would change `--dsn` in a text
html_theme = "furo"
html_title = "conduit-async"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
default_role = "code"  # docstrings are Markdown
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
suppress_warnings = [
    "misc.highlighting_failure",  # some pages show invalid code
    "ref.python",  # an annotation `type` is not the attribute of that name
]
myst_heading_anchors = 3
