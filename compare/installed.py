"""The subjects that are installed: packages that describe a program's words, found through their entry points.

``trace_parity.subjects`` lists them by name; ``trace_parity.default_subject`` has the one that holds where nothing is
said. Each entry names a package with a ``vocabulary.toml`` in it.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

SUBJECTS = "trace_parity.subjects"
DEFAULT = "trace_parity.default_subject"
VOCABULARY = "vocabulary.toml"


def subjects() -> dict[str, EntryPoint]:
    """Every installed subject by name."""
    return {entry.name: entry for entry in entry_points(group=SUBJECTS)}


def default_subject() -> EntryPoint | None:
    """The subject that holds where nothing is said; None where none is installed."""
    return next(iter(entry_points(group=DEFAULT)), None)


def vocabulary_file(subject: EntryPoint) -> Path | None:
    """The vocabulary in a subject's package, found without running the package; None where there is none."""
    spec = find_spec(subject.module)
    places = (spec.submodule_search_locations or ()) if spec is not None else ()
    return next((path for place in places if (path := Path(place) / VOCABULARY).is_file()), None)
