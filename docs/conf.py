"""How Sphinx makes a site of the pages: `make docs`.

The sources are the pages where they are, in the root of the project, too: their links work here as they do for readers
of the repository.
"""

from pygments.lexers.shell import BashLexer
from sphinx.application import Sphinx

project = "cws_filedrop"
copyright = "cws_filedrop contributors"  # noqa: A001 - the name that Sphinx reads
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
root_doc = "docs/index"
include_patterns = ["*.md", "bench/README.md", "deploy/RUNBOOK.md", "docs/**.md", "sample_files/README.md"]
exclude_patterns = [".*", "artefacts", "build", "dist", "**/__pycache__"]
html_theme = "furo"
html_title = "cws_filedrop"
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]


def setup(app: Sphinx) -> None:
    """Commands that a seller's operator types are shown like those that the seller types."""
    app.add_lexer("operator", BashLexer)
