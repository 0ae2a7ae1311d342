"""What a shell offers in the place of a value: names that the subject of this folder has. Never an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.subject import Subject


def offered(names: Callable[[Subject], Iterable[str]]) -> Callable[[str], list[str]]:
    """A completion for Typer: those of the names that begin with what is typed."""

    def complete(incomplete: str) -> list[str]:
        from harness.finding import chosen

        try:
            return [name for name in names(chosen()) if name.startswith(incomplete)]
        except Exception:  # a shell that completes has no place for what is wrong
            return []

    return complete


cases = offered(lambda subject: subject.case_names())
modes = offered(lambda subject: subject.modes)
switches = offered(lambda subject: (f"{name}={word}" for name in subject.defect_names() for word in ("on", "off")))
devices = offered(lambda subject: ("auto", *subject.devices().values()))
dtypes = offered(lambda subject: subject.dtypes())


def subjects(incomplete: str) -> list[str]:
    """Installed subjects."""
    from compare import installed

    return [name for name in installed.subjects() if name.startswith(incomplete)]


def pages(incomplete: str) -> list[str]:
    """Pages of the documentation."""
    from harness.documentation import pages as every
    from harness.errors import WrongUse

    try:
        return [name for name in every() if name.startswith(incomplete)]
    except WrongUse:
        return []
