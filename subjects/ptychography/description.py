"""What the engine asks of ptychography: two subjects, one per kind of trace, over the same programs and cases."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.case import Argv, Case, Section, require_name
from harness.errors import WrongUse
from harness.running.computing import Computing
from harness.subject import CommandLine, Program, Ran, Replay, Role, Subject, Word
from subjects.ptychography.defects import MODES, NAMES, Defects

if TYPE_CHECKING:
    from compare.words.vocabulary import Vocabulary
    from harness.questions.comparing import Check
    from harness.running.scratch import Prepared
    from subjects.ptychography import cases

IMAGE, NOISE, CANVAS = "image.npy", "noise.npy", "canvas.npy"
DEFECTS, MUTATION = "-defects", "--mutation"


class Shared(Subject):
    """What both kinds of trace have in common."""

    section_word = "pixel"
    sides = ("c", "py")
    titles = ("the C program", "the PyTorch port")
    default_case = "sub_pixel"
    modes = MODES
    header = ("program", "version", "mode", "defects", "device", "dtype")
    outputs: tuple[tuple[str, str], ...]
    """Flags of the artifacts and their files."""
    trace_flag: str

    @property
    def replay(self) -> Replay[Any]:
        """The port's step functions."""
        from subjects.ptychography.replaying import StepReplay

        return StepReplay(self.source or self.name)

    def vocabulary(self) -> Vocabulary:
        """``vocabulary.toml`` of the package."""
        from compare.words.vocabulary import of_installed

        return of_installed(self.name)

    # -- cases and files

    def case_names(self) -> tuple[str, ...]:
        """The packaged cases."""
        from subjects.ptychography.cases import CASES

        names = [case.name for case in CASES]
        return (self.default_case, *(name for name in names if name != self.default_case))

    def case(self, name: str) -> Case:
        """A packaged case."""
        from subjects.ptychography.cases import case_named

        require_name(name, self.case_names())
        made = case_named(name)
        outputs = tuple(word for pair in self.outputs for word in pair)
        return Case(
            name=name,
            argv=("-scan", f"{name}.npz", *made.argv, *outputs),
            sections=self.sections_of(made),
            description=made.description,
            modes=MODES,
        )

    @abstractmethod
    def sections_of(self, case: cases.Case) -> tuple[Section, ...]:
        """What is traced of a packaged case."""

    def input_file(self, name: str) -> bytes | None:
        """A case's scan, made by its formula."""
        if name not in self.input_names():
            return None
        import tempfile

        from subjects.ptychography.cases import case_named

        with tempfile.TemporaryDirectory(prefix="ptychography_") as folder:
            return case_named(name.removesuffix(".npz")).write(Path(folder)).read_bytes()

    def input_names(self) -> tuple[str, ...]:
        """One scan for each case."""
        return tuple(f"{name}.npz" for name in self.case_names())

    # -- command lines

    def command_line(self, argv: Argv) -> CommandLine:
        """Roles from the number of words that each flag takes."""
        from subjects.ptychography.commandline import ROLES

        words: list[Word] = []
        left, role, group = 0, Role.VALUE, 0
        for number, text in enumerate(argv):
            if left:
                words.append(Word(text, role, group))
                left -= 1
            elif text in ROLES:
                left, role, group = ROLES[text][0], Role(ROLES[text][1]), number
                words.append(Word(text, Role.FLAG, group))
            else:
                words.append(Word(text, Role.VALUE, number))
        return CommandLine(tuple(words))

    def switched(self, case: Case, mode: str | None, switches: Sequence[str]) -> Case:
        """``-defects`` on the command line where it is not what the case says already; planted faults come and go."""
        from subjects.ptychography.programs import without

        own, before = _own_defects(case.argv), _planted(case.argv)
        base = Defects.of_mode(_known_mode(mode)) if mode else own
        states = dict(_parsed(switches))
        known = {name: on for name, on in states.items() if name in NAMES}
        wanted = Defects((base.on - set(known)) | {name for name, on in known.items() if on})
        after = [name for name in before if states.get(name, True)]
        after += [name for name, on in states.items() if name not in (*NAMES, *before) and on]
        if after != before:
            case = replace(
                case, argv=(*without(case.argv, (MUTATION,)), *(w for name in after for w in (MUTATION, name)))
            )
        return case if wanted == own else replace(case, argv=(*case.argv, DEFECTS, str(wanted)))

    def defect_names(self) -> tuple[str, ...]:
        """Of set A, which both programs have, and the planted faults of set B, which the port alone has."""
        from subjects.ptychography.mutations import REPLACED

        return (*NAMES, *REPLACED)

    def defects_on(self, case: Case) -> frozenset[str]:
        """Those that the case's command line leaves on."""
        return _own_defects(case.argv).on | frozenset(_planted(case.argv))

    # -- programs

    def reference(self, option: Path | None, timeout_s: float | None) -> Program:
        """The project's C program, or another binary in its place."""
        from subjects.ptychography.programs import CProgram, find_program

        return CProgram(find_program(option), self.trace_flag, len(self.keys), timeout_s)

    def port(self, computing: Computing, timeout_s: float | None = None) -> Program:
        """The port, in this process."""
        from subjects.ptychography.programs import Port

        return Port(computing, self.trace_flag)

    def devices(self) -> Mapping[str, str]:
        """The CPU and every CUDA device."""
        from simulator.evaluation.execution import machine_capabilities

        cards = range(len(machine_capabilities().cuda_devices))
        return {"cpu": "cpu"} | {f"cuda{index or ''}": f"cuda:{index}" for index in cards}

    # -- judging, records

    def judge(self, expected: Ran, got: Ran) -> Iterator[Check]:
        """Images, noise and canvas."""
        from subjects.ptychography.judging import artifact_checks

        return artifact_checks(expected, got)

    def facts(self, prepared: Prepared) -> Mapping[str, Any]:
        """Mode and defects."""
        defects = _own_defects(prepared.case.argv)
        return {"mode": defects.mode, "defects": str(defects)}

    def reproduced(self, case: Case, section: Section) -> str:
        """The C program's command line."""
        import shlex

        return f"ptycho_c {shlex.join(case.argv)} {self.trace_flag} {' '.join(map(str, section))}"

    def reference_commands(self) -> Mapping[str, Any]:
        """Building the C program."""
        from subjects.ptychography.programs import build_command

        return {"build": build_command}

    def commands(self) -> Mapping[str, Any]:
        """The audits: of gradients, and of patterns that depend on each other."""
        from subjects.ptychography.gradients import gradcheck
        from subjects.ptychography.independence import independence

        return {"gradcheck": gradcheck, "independence": independence}


class Ptychography(Shared):
    """The forward model: one pixel of one pattern."""

    name = "ptychography"
    keys = ("pos", "slow", "fast")
    result = "expected_count"
    closing = ("intensity", "amplitude")
    outputs = (("-image", IMAGE), ("-noise", NOISE))
    trace_flag = "-trace"

    def sections_of(self, case: cases.Case) -> tuple[Section, ...]:
        """Its pixels."""
        return case.pixels

    def worst_section(self, expected: Ran, got: Ran) -> Section | None:
        """Where the images are furthest apart."""
        from subjects.ptychography.judging import worst_section

        return worst_section(expected, got)


class Stitching(Shared):
    """Stitching: one pixel of the canvas."""

    name = "ptychography-stitch"
    keys = ("slow", "fast")
    result = "canvas_re"
    closing = ("canvas_im", "covered")
    outputs = (("-stitch", CANVAS),)
    trace_flag = "-trace_canvas"

    def sections_of(self, case: cases.Case) -> tuple[Section, ...]:
        """Its pixel of the canvas."""
        return (case.canvas,)


def _own_defects(argv: Argv) -> Defects:
    """What the words ``-mode`` and ``-defects`` leave on; the later wins."""
    found = Defects()
    for flag, value in pairwise(argv):
        if flag == DEFECTS:
            found = Defects.parse(value)
        elif flag == "-mode":
            found = Defects.of_mode(value)
    return found


def _planted(argv: Argv) -> list[str]:
    """The planted faults that the words switch on, in order."""
    return list(dict.fromkeys(value for flag, value in pairwise(argv) if flag == MUTATION))


def _known_mode(mode: str) -> str:
    if mode not in MODES:
        raise WrongUse(f"--mode must be one of {', '.join(MODES)}; got {mode!r}")
    return mode


def _parsed(switches: Sequence[str]) -> list[tuple[str, bool]]:
    """``NAME=on|off`` of each."""
    from subjects.ptychography.mutations import REPLACED

    found = []
    for text in switches:
        name, _, state = text.partition("=")
        if state not in ("on", "off") or name not in (*NAMES, *REPLACED):
            raise WrongUse(f"--defect takes NAME=on|off, NAME one of {', '.join((*NAMES, *REPLACED))}; got {text!r}")
        found.append((name, state == "on"))
    return found
