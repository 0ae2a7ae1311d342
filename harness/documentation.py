"""The pages of ``docs/``: beside the packages in a checkout, in the shared data of an installation."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from harness.errors import WrongUse

INSTALLED = "share/trace-parity/docs"


def folder() -> Path:
    """Where the pages are. Raises WrongUse for an installation without them."""
    beside = Path(__file__).resolve().parent.parent / "docs"
    installed = Path(sysconfig.get_path("data")) / INSTALLED
    for place in (beside, installed):
        if any(place.glob("*.md")):
            return place
    raise WrongUse(f"the documentation is neither in {beside} nor in {installed}; install the project again")


def pages() -> dict[str, str]:
    """Name and title of every page."""
    return {path.stem: _title(path) for path in sorted(folder().glob("*.md"))}


def page(name: str) -> str:
    """The text of a page. Raises WrongUse for a name that is none."""
    from difflib import get_close_matches

    found = pages()
    stem = name.removesuffix(".md").replace("-", "_")
    if stem not in found:
        close = get_close_matches(stem, found, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise WrongUse(f"no page {name!r}; {hint}the pages are {', '.join(found)}")
    return (folder() / f"{stem}.md").read_text("utf-8")


def _title(path: Path) -> str:
    first = path.read_text("utf-8").partition("\n")[0]
    return first.lstrip("# ").strip()
