"""A subject: two programs that should agree, and what only somebody who knows them can say.

The engine (``harness``, ``compare``) runs both programs on a case, takes their traces, aligns, judges, explains,
shrinks and seals. It knows no program's names. A subject is

* a file, ``parity.toml``, in the user's folder (``harness.described`` reads it): no Python is written; or
* a package with a ``vocabulary.toml``, found through the entry point ``trace_parity.subjects``, whose value is a
  function without arguments that returns a `Subject`:

      [project.entry-points."trace_parity.subjects"]
      orbit = "orbit_parity:subject"

To write one, derive from `Subject` and say at least ``name``, ``keys``, ``result``, the cases and both programs. What a
subject does not say is answered by default, or refused in a line that names what is missing. Importing the package must
be quick: what takes long to import belongs inside the functions that need it.

The two programs are `Program` values. Nobody asks whether one is the project's own, a user's binary or a port.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from harness.case import section_text
from harness.errors import WrongUse

if TYPE_CHECKING:
    from compare.folders.document import Table
    from compare.judging.keys import Section as Named
    from compare.judging.result import Comparison
    from compare.judging.tolerances import Tolerances
    from compare.words.vocabulary import Vocabulary
    from harness.case import Argv, Case, Section
    from harness.checkup import Finding
    from harness.questions.comparing import Check
    from harness.questions.explaining import Explanation
    from harness.questions.traced import Trace, Traced
    from harness.running.computing import Computing
    from harness.running.processes import Finished
    from harness.running.scratch import Prepared


# ---- programs -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What a program made of a case. ``refusal``: its message when it refused; then there is nothing else."""

    artifacts: Mapping[str, Any] = field(default_factory=dict)
    """By name, in whatever form the subject's own judge takes: arrays, bytes, numbers."""
    traces: Mapping[Section, Trace] = field(default_factory=dict)
    runs: Sequence[Finished] = ()
    """Processes that were run for it."""
    refusal: str | None = None
    states_reason: bool = True
    """``refusal`` is a sentence that both programs share; else it is all that is known of another program's end."""
    device: str = "cpu"


class Program(Protocol):
    """One of the two programs, ready to be run on cases. It must be picklable: cases run in worker processes."""

    @property
    def side(self) -> str:
        """Short, for file names: ``trace_<side>.log``."""

    @property
    def title(self) -> str:
        """In a sentence: "the C program"."""

    def facts(self) -> Mapping[str, Any]:
        """What identifies it, for the records of a run: path, hash."""

    def environment(self) -> Mapping[str, str | None]:
        """What it computes with, for ``env.json``: ``dtype`` and the device ``requested``, where it says so."""

    def run(self, prepared: Prepared, sections: Sequence[Section]) -> Ran:
        """Its artifacts and the traces of some sections.

        Raises:
            ProgramFailed: it crashed, hung or printed no trace.
        """

    def trace(self, prepared: Prepared, sections: Sequence[Section]) -> Traced:
        """The traces of some sections, without artifacts where that is quicker.

        Raises:
            WrongUse: it refuses the case.
            ProgramFailed: as ``run``.
        """


# ---- command lines ------------------------------------------------------------------------------------------------


class Role(StrEnum):
    """What a word of a case's command line is for."""

    FLAG = "flag"
    VALUE = "value"
    INPUT = "input"  # a file that must be there before the run
    MAYBE_INPUT = "maybe input"  # a file that is read where it is there, and written
    OUTPUT = "output"  # a file that the run writes
    COUNT = "count"  # a whole number that can be tried smaller
    SWITCH = "switch"  # says which named defects are on
    REGION = "region"  # what restricts the run to some sections


@dataclass(frozen=True)
class Word:
    """One word and its role; ``group``: the number of the flag that it belongs to."""

    text: str
    role: Role = Role.VALUE
    group: int = 0


@dataclass(frozen=True)
class CommandLine:
    """A case's command line as words with roles."""

    words: tuple[Word, ...]

    @property
    def argv(self) -> Argv:
        """The words alone."""
        return tuple(word.text for word in self.words)

    def groups(self) -> list[tuple[Word, ...]]:
        """Flags with their values, in order."""
        numbers = dict.fromkeys(word.group for word in self.words)
        return [tuple(word for word in self.words if word.group == number) for number in numbers]


# ---- explaining ---------------------------------------------------------------------------------------------------

Machine = TypeVar("Machine")
"""The port, ready to compute one case, in the subject's own form; built once and used for everything."""


class Replay(Protocol[Machine]):
    """A subject that can evaluate the port's steps one by one: origins by replay, shares, measured noise floors."""

    def machine(self, case: Case, data: Path | None) -> Machine:
        """The port ready on a case."""

    def trace(self, machine: Machine, section: Section) -> Trace:
        """The port's trace of a section."""

    def explain(
        self, a: Trace, b: Trace, machine: Machine | None, section: Section | None, *, weigh: bool
    ) -> Explanation:
        """The comparison with origins established by replays; ``weigh``: also what each step at fault costs."""

    def noise_floor(self, case: Case, sections: Sequence[Section], data: Path | None) -> Tolerances:
        """What rounding may do to every value of a case."""


# ---- the subject --------------------------------------------------------------------------------------------------


class Subject(ABC):
    """Everything that the engine asks. Derive from it; the abstract part must be said, the rest may be."""

    name: str
    keys: tuple[str, ...]
    """Names of the integers that select a section, in the order of ``--at``: ("slow", "fast"), ("epoch",), ()."""
    result: str
    """The traced quantity that the programs are run for."""
    section_word: str = "section"
    """What a section is called: "pixel", "epoch"."""
    sides: tuple[str, str] = ("a", "b")
    """Both programs in file names: ``trace_<side>.log``."""
    titles: tuple[str, str] = ("the reference", "the port")
    """Both programs, in a sentence."""
    default_case: str
    """Of ``case_names``."""
    modes: tuple[str, ...] = ("default",)
    """In which a case can be compared; the first is the default one and has no words of its own."""
    uses_torch: bool = True
    """Whether the port computes with torch in this process: its facts go into the evidence then."""
    header: tuple[str, ...] = ("program", "version", "device", "dtype")
    """Traced words that a summary shows."""
    closing: tuple[str, ...] = ()
    """Traced numbers that a summary shows beside the result."""
    source: str = ""
    """How to find it again in another process: a name, or the path of its file. Set by who opened it."""

    def __reduce__(self) -> tuple[Callable[[str], Subject], tuple[str]]:
        from harness.finding import open_subject

        return open_subject, (self.source or self.name,)

    def result_of(self, trace: Trace) -> float | None:
        """The value that the programs are run for; None where the trace has none."""
        return trace.number(self.result) if self.result else None

    @property
    def replay(self) -> Replay[Any] | None:
        """What evaluates the port's steps one by one; None: nothing does."""
        return None

    @property
    def capture_file(self) -> Path | None:
        """The file that says how both programs are captured, where their traces are made so; None: they print them."""
        return None

    @property
    def without_replay(self) -> str:
        """What to do where there is no replay, in a sentence."""
        return ""

    # -- words

    @abstractmethod
    def vocabulary(self) -> Vocabulary:
        """Names, units, the graph of steps."""

    def tolerances(self) -> Tolerances | None:
        """Those that hold where no file is given; None: the engine's."""
        return None

    # -- cases and their files

    @abstractmethod
    def case_names(self) -> tuple[str, ...]:
        """Names of the cases that come with it, the default one first."""

    @abstractmethod
    def case(self, name: str) -> Case:
        """One of them. Raises WrongUse for a name that is none."""

    def golden_cases(self, folder: Path) -> tuple[Case, ...]:
        """The cases of a folder of golden figures."""
        raise self.missing("golden figures")

    def input_file(self, name: str) -> bytes | None:
        """A file that cases need and that comes with it; None: there is none of that name."""
        return None

    def input_names(self) -> tuple[str, ...]:
        """The names of those files."""
        return ()

    # -- command lines

    def command_line(self, argv: Argv) -> CommandLine:
        """The roles of a command line's words. By default every word is a value of its own."""
        return CommandLine(tuple(Word(text, group=number) for number, text in enumerate(argv)))

    def switched(self, case: Case, mode: str | None, switches: Sequence[str]) -> Case:
        """The case in a mode, with named defects switched (each ``NAME=on|off``).

        Raises:
            WrongUse: an unknown mode or defect.
        """
        if mode not in (None, *self.modes) or switches:
            raise self.missing(f"mode {mode!r}" if not switches else "named defects")
        return case

    def defect_names(self) -> tuple[str, ...]:
        """Named defects that can be switched."""
        return ()

    def defects_on(self, case: Case) -> frozenset[str]:
        """Those that the case's command line leaves on."""
        return frozenset()

    # -- sections

    def named(self, section: Section) -> Named:
        """A section as logs state it: by the headings of the vocabulary, and by its keys what these leave out."""
        return self.vocabulary().headings.named(dict(zip(self.keys, section, strict=True)))

    def keys_of(self, named: Named) -> Section | None:
        """The integers of ``keys`` of a section that a log states; None where it does not state them all."""
        numbers = self.vocabulary().headings.labelled(named)
        return tuple(numbers[key] for key in self.keys) if all(key in numbers for key in self.keys) else None

    def stated_section(self, comparison: Comparison) -> Section | None:
        """The first section that the logs state; None where they state none."""
        stated = (self.keys_of(named) for side in comparison.sides for named in side.sections)
        return next(filter(None, stated), None)

    def section_cell(self, section: Section) -> str:
        """A section in a column that is headed ``section_word``."""
        named = self.named(section)
        return section_text(section) if set(named.names) <= {self.section_word} else str(named)

    def default_sections(self, case: Case) -> tuple[Section, ...]:
        """What is traced where nothing is said: the case's first section."""
        return case.sections[:1]

    def grid(self, prepared: Prepared, n: int) -> list[Section]:
        """Sections spread evenly over a case, n along each key."""
        raise self.missing("--grid")

    def restricted(self, case: Case, section: Section) -> Case | None:
        """The case computing that section alone; None: it is so already, or cannot be."""
        return None

    # -- programs

    @abstractmethod
    def reference(self, option: Path | None, timeout_s: float | None) -> Program:
        """The program that is right by definition; ``option``: another binary in its place.

        Raises:
            ProgramFailed: it is not there.
        """

    @abstractmethod
    def port(self, computing: Computing, timeout_s: float | None = None) -> Program:
        """The program under test, on a device and in a dtype."""

    def devices(self) -> Mapping[str, str]:
        """Devices on which the port can run here: the name shown -> what is asked for."""
        return {"cpu": "cpu"}

    def dtypes(self) -> tuple[str, ...]:
        """The port's dtypes, the one of the reference first."""
        return ("float64",)

    # -- judging

    def compared(self, a: str, b: str) -> tuple[str, str]:
        """What of two traces is compared: all, unless some lines are inputs of nothing in this pair."""
        return a, b

    def judge(self, expected: Ran, got: Ran) -> Iterator[Check]:
        """What is compared besides the traces: artifacts, each in its own way."""
        return iter(())

    def judge_golden(self, case: Case, reference: Ran, port: Ran) -> Iterator[Check]:
        """The golden figures of a case against both programs."""
        return iter(())

    def worst_section(self, expected: Ran, got: Ran) -> Section | None:
        """The section in which artifacts differ most: it is traced too. None: they do not differ."""
        return None

    # -- records and pages

    def facts(self, prepared: Prepared) -> Mapping[str, Any]:
        """What a record of a run says of a case besides command line, sections and hashes."""
        return {}

    def image_shape(self, prepared: Prepared) -> tuple[int, int] | None:
        """Size of a case's raw image, for those who read it; None: there is none."""
        return None

    def sweep(self, trace: Trace) -> Table | None:
        """A table worth showing of a trace, such as one loop's values; None: there is none."""
        return None

    def excerpts(self, text: str) -> Mapping[str, str]:
        """Parts of a trace that get a file of their own: the suffix of its name -> its text."""
        return {}

    def reproduced(self, case: Case, section: Section) -> str:
        """The command that shows a case's failure without this toolkit; empty: there is none."""
        return ""

    def findings(self) -> Iterable[Finding]:
        """What ``harness doctor`` says of its programs."""
        return ()

    # -- commands of its own

    def commands(self) -> Mapping[str, Any]:
        """Audits and other subcommands that only it has: the name -> a function, or a typer.Typer of several."""
        return {}

    def reference_commands(self) -> Mapping[str, Any]:
        """Subcommands of ``harness reference`` beside ``trace``: building it, say."""
        return {}

    def start(self) -> None:  # noqa: B027  (nothing to do is a good default)
        """Called once in every process, before anything is computed."""

    # -- for the engine

    def missing(self, what: str) -> WrongUse:
        """The error for what this subject cannot do."""
        return WrongUse(f"{self.name} has no {what}")


__all__ = ["CommandLine", "Program", "Ran", "Replay", "Role", "Subject", "Word"]
