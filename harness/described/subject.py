"""The subject that a ``parity.toml`` describes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.case import Argv, Case, Section, require_name
from harness.described.programs import Command
from harness.described.settings import CAPTURED, Settings, read
from harness.running.computing import Computing
from harness.subject import CommandLine, Ran, Role, Subject, Word

if TYPE_CHECKING:
    from compare.judging.tolerances import Tolerances
    from compare.words.vocabulary import Vocabulary
    from harness.checkup import Finding
    from harness.questions.comparing import Check
    from harness.questions.traced import Trace


class Described(Subject):
    """Two command lines, and what their words mean as far as the file says it."""

    uses_torch = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = settings.name
        self.keys = settings.keys
        self.result = settings.result
        self.titles = (settings.reference.title, settings.port.title)
        self.default_case = next(iter(settings.cases))
        self.source = str(settings.path)
        self._built: set[str] = set()

    @classmethod
    def of_file(cls, path: Path) -> Described:
        """Of a file. Raises WrongUse for one that cannot be used."""
        return cls(read(path))

    # -- words

    def vocabulary(self) -> Vocabulary:
        """The table of the file, with the names that belong together."""
        return self._vocabulary

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        from compare.words.pair_file import vocabulary_of

        said = self.settings
        table = {"name": said.name, "result": said.result, "names": said.names, "vocabulary": said.vocabulary}
        return vocabulary_of(table, str(said.path))

    def tolerances(self) -> Tolerances | None:
        """The one of the file for everything."""
        from compare.judging.tolerances import Step, Tolerances

        wanted = self.settings.tolerance
        if wanted is None:
            return None
        path = str(self.settings.path)
        return Tolerances(Step("default", wanted, wanted), source=f"{path}: tolerance", path=path)

    def result_of(self, trace: Trace) -> float | None:
        """Under either program's name for it."""
        names = [self.result, *(b for b, a in self.settings.names.items() if a == self.result)]
        return next((value for name in names if (value := trace.number(name)) is not None), None)

    @property
    def capture_file(self) -> Path | None:
        """The file itself, where a side is captured."""
        said = self.settings
        return said.path if CAPTURED in (said.reference.trace, said.port.trace) else None

    @property
    def without_replay(self) -> str:
        """A file has no steps in Python."""
        return (
            f"`tolerance = 1e-12` in {self.settings.path.name} is used for every value, a tolerance file for each "
            "(`harness docs tolerances`); a port that is captured has its floors measured (`harness docs capture`)"
        )

    # -- cases

    def case_names(self) -> tuple[str, ...]:
        """As in the file."""
        return tuple(self.settings.cases)

    def case(self, name: str) -> Case:
        """One of them; its input files lie beside the file."""
        require_name(name, self.case_names())
        case = self.settings.cases[name]
        return replace(case, sections=case.sections if self.keys else ((),), origin=self.settings.folder)

    def default_sections(self, case: Case) -> tuple[Section, ...]:
        """The case's first, or the one that there is."""
        return case.sections[:1] if self.keys else ((),)

    def command_line(self, argv: Argv) -> CommandLine:
        """Flags with their values; words that name files of the folder are inputs, numbers of count flags counts."""
        words, group = [], -1
        for position, text in enumerate(argv):
            flag = text.startswith("-") and not _is_number(text)
            before = argv[position - 1] if position else ""
            group += flag or not before.startswith("-") or _is_number(before)
            words.append(Word(text, Role.FLAG if flag else self._role(before, text), group))
        return CommandLine(tuple(words))

    def _role(self, before: str, text: str) -> Role:
        """Whole numbers are counts: all of them where the file names no flags of counts."""
        counts = self.settings.counts
        if text.isdigit() and (not counts or before in counts):
            return Role.COUNT
        return Role.INPUT if (self.settings.folder / text).is_file() else Role.VALUE

    # -- programs

    def reference(self, option: Path | None, timeout_s: float | None) -> Command:
        """Built, where the file says how."""
        return self._program("reference", Computing("cpu"), timeout_s, option.absolute() if option else None)

    def port(self, computing: Computing, timeout_s: float | None = None) -> Command:
        """The same; a device and a dtype need their places in its command line."""
        side = self.settings.port
        device = self.settings.port.devices[0] if computing.device == "auto" else computing.device
        for word, value, usual in (("device", device, side.devices[0]), ("dtype", computing.dtype, side.dtypes[0])):
            if value != usual and not side.takes(word):
                raise self.missing(f"{word} {value!r}: [port] run has no place {{{word}}}")
        return self._program("port", replace(computing, device=device), timeout_s, None)

    def _program(self, which: str, computing: Computing, timeout_s: float | None, binary: Path | None) -> Command:
        program = Command(self.settings, which, computing, timeout_s, binary)
        if which not in self._built and binary is None:
            program.build()
            self._built.add(which)
        return program

    def devices(self) -> Mapping[str, str]:
        """As the file lists them."""
        return {name.replace(":", ""): name for name in self.settings.port.devices}

    def dtypes(self) -> tuple[str, ...]:
        """As the file lists them."""
        return self.settings.port.dtypes

    # -- judging

    def judge(self, expected: Ran, got: Ran) -> Iterator[Check]:
        """Output files, byte for byte."""
        from harness.questions.comparing import DIVERGENCE, Check

        for name, content in expected.artifacts.items():
            other = got.artifacts.get(name)
            if other is None:
                yield Check(name, DIVERGENCE, "written by one program only")
                continue
            at = next((at for at, (a, b) in enumerate(zip(content, other, strict=False)) if a != b), None)
            if at is None and len(content) != len(other):
                at = min(len(content), len(other))
            sizes = f"{len(content)} bytes" if len(content) == len(other) else f"{len(content)} and {len(other)} bytes"
            same = f"{sizes} equal" if at is None else f"{sizes}, the first that differs is number {at}"
            yield Check(name, 0 if at is None else DIVERGENCE, same)

    # -- records

    def facts(self, prepared: object) -> Mapping[str, Any]:
        """Where it is described."""
        return {"parity_toml": str(self.settings.path)}

    def findings(self) -> Iterable[Finding]:
        """Whether both programs build, run and leave a trace."""
        from harness.described.doctor import findings

        return findings(self)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
