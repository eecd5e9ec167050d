"""Links of pages to folders and files of the repository that are no pages of the site.

On a code host such a link opens the file. On the site, data and pictures can be downloaded; a
folder or a program becomes its path in the checkout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

__all__ = ["setup"]

ROOT = Path(__file__).resolve().parents[2]
DOWNLOADS = {".json", ".csv", ".png", ".pdf", ".ipynb", ".toml", ".cff"}


class RepositoryLinks(SphinxTransform):
    """Turn references that leave the folder of the documentation into paths in the checkout."""

    default_priority = 5

    def apply(self, **kwargs: Any) -> None:  # noqa: ARG002
        """Look at every reference that a page was written with."""
        here = Path(self.env.doc2path(self.env.docname)).parent
        for node in list(self.document.findall(_is_link)):
            path = _target(here, node)
            if path is None or path.suffix in DOWNLOADS:
                continue
            name = path.relative_to(ROOT).as_posix()
            node.replace_self(nodes.literal(name, name + "/" if path.is_dir() else name))


def _is_link(node: nodes.Node) -> bool:
    return isinstance(node, nodes.reference | addnodes.pending_xref | addnodes.download_reference)


def _target(here: Path, node: Any) -> Path | None:
    """Return what a link of the page points to, if it lies outside the documentation."""
    written = str(node.get("refuri") or node.get("reftarget") or "")
    if not written or "://" in written or written.startswith("#"):
        return None
    path = (here / written.partition("#")[0]).resolve()
    if not path.exists():  # pages are named without their suffix
        path = path.with_name(f"{path.name}.md")
    outside = path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / "docs")
    return path if outside and path.exists() else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transform."""
    app.add_transform(RepositoryLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
