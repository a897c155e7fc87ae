"""The site of the documentation: `make docs` builds it into `build/docs`."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "conduit-async"
release = version = version_of("conduit-async")
extensions = ["myst_parser", "extension"]
exclude_patterns = ["benchmarks"]
html_theme = "furo"
html_title = "conduit-async"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
nitpicky = True
myst_heading_anchors = 3
