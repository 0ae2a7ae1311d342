"""Which subject a command is about: ``--subject``, else ``parity.toml`` of the working folder, else the default one."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from compare import installed
from compare.words.pair_file import FILE, file_above
from harness.errors import WrongUse
from harness.subject import Subject

OPTION = "--subject"
SIGN = "--sign"
TAKEN = {
    OPTION: f"the name of a subject, or the path of a {FILE}",
    SIGN: "the file of an SSH key",
}
"""What the options that stand anywhere take."""

_chosen: ContextVar[Subject | Exception] = ContextVar("chosen subject")


def chosen() -> Subject:
    """The subject of this process. Raises what was wrong with it when it was chosen."""
    found = _chosen.get(None)
    if found is None:
        found = find_subject(None)
        _chosen.set(found)
    if isinstance(found, Exception):
        raise found
    return found


def choose(subject: Subject | Exception) -> None:
    """Make a subject that of this process, or an error what is raised when one is asked for."""
    _chosen.set(subject)


def find_subject(name: str | None) -> Subject:
    """The subject that a name or a path means; without one that of the working folder, else the default one.

    Raises:
        WrongUse: there is none.
    """
    if name is not None:
        return open_subject(name)
    if (file := file_above(Path.cwd())) is not None:
        return open_subject(str(file))
    default = installed.default_subject()
    if default is None:
        raise WrongUse(
            f"no subject: there is no {FILE} in {Path.cwd()} nor above, and no default one is installed; "
            "`harness init` writes one"
        )
    return open_subject(default.name)


@cache
def open_subject(source: str) -> Subject:
    """An installed subject by name, or the one that a file (or the file in a folder) describes."""
    path = Path(source)
    if path.suffix == ".toml" or path.is_dir():
        from harness.described.subject import Described

        return Described.of_file(path / FILE if path.is_dir() else path)
    known = installed.subjects()
    if source not in known:
        raise WrongUse(
            f"no subject {source!r}; installed: {', '.join(sorted(known)) or 'none'}; or name a {FILE} or its folder"
        )
    subject: Subject = known[source].load()()
    subject.source = source
    return subject


def split_option(argv: Sequence[str], option: str = OPTION) -> tuple[str | None, list[str]]:
    """``--subject NAME`` (or another option with a value) taken out of a command line, wherever before ``--``."""
    words, rest = list(argv), []
    if "--" in words:
        cut = words.index("--")
        words, rest = words[:cut], words[cut:]
    value = None
    for at, word in enumerate(words):
        if word == option:
            if at + 1 == len(words):
                raise WrongUse(f"{option} takes {TAKEN[option]}")
            value = words[at + 1]
            words = words[:at] + words[at + 2 :]
            break
        if word.startswith(f"{option}="):
            value = word.partition("=")[2]
            words = words[:at] + words[at + 1 :]
            break
    return value, words + rest
