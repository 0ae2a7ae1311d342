"""What the engine asks of nanoBragg."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.case import Argv, Case, CaseFolder, Section
from harness.running.computing import Computing
from harness.subject import CommandLine, Program, Ran, Replay, Subject

if TYPE_CHECKING:
    from compare.folders.document import Table
    from compare.words.vocabulary import Vocabulary
    from harness.checkup import Finding
    from harness.questions.comparing import Check
    from harness.questions.traced import Trace
    from harness.running.scratch import Prepared

DEFAULT_CASE = "supervisor"
SUPERVISOR_PIXEL: Section = (685, 1039)
FOLDER = files("subjects.nanobragg")


class NanoBragg(Subject):
    """Diffraction from a crystal of mosaic domains, pixel by pixel."""

    name = "nanobragg"
    keys = ("slow", "fast")
    section_word = "pixel"
    result = "I_pixel_final"
    sides = ("c", "py")
    titles = ("the C program", "the PyTorch port")
    default_case = DEFAULT_CASE
    modes = ("c-parity", "spec", "upstream-fixes")
    header = ("program", "version", "mode", "defects", "device", "dtype")
    closing = ("I_before_scaling",)

    def __init__(self) -> None:
        self._cases = CaseFolder(FOLDER / "cases", DEFAULT_CASE)

    @property
    def replay(self) -> Replay[Any]:
        """The simulator's own step functions."""
        from subjects.nanobragg.explaining import StepReplay

        return StepReplay()

    def vocabulary(self) -> Vocabulary:
        """``vocabulary.toml`` beside this file."""
        from compare.words.vocabulary import of_installed

        return of_installed(self.name)

    # -- cases and files

    def case_names(self) -> tuple[str, ...]:
        """The packaged cases."""
        return self._cases.names()

    def case(self, name: str) -> Case:
        """A packaged case."""
        return self._cases.load(name)

    def golden_cases(self, folder: Path) -> tuple[Case, ...]:
        """The cases of a folder with an ``index.json``."""
        from subjects.nanobragg.golden import golden_cases

        return golden_cases(folder)

    def input_file(self, name: str) -> bytes | None:
        """Stored, or generated from a formula."""
        from subjects.nanobragg.inputs import packaged_content

        return packaged_content(name)

    def input_names(self) -> tuple[str, ...]:
        """Both kinds."""
        from subjects.nanobragg.inputs import packaged_names

        return packaged_names()

    # -- command lines

    def command_line(self, argv: Argv) -> CommandLine:
        """Roles from the tables of file and count flags."""
        from subjects.nanobragg.flag_roles import command_line

        return command_line(argv)

    def switched(self, case: Case, mode: str | None, switches: Sequence[str]) -> Case:
        """``-defects`` on the command line where it is not what the case says already."""
        from subjects.nanobragg.defect_words import switched

        return switched(case, mode, switches)

    def defect_names(self) -> tuple[str, ...]:
        """Of the named switches."""
        from simulator.defects import NAMES

        return NAMES

    def defects_on(self, case: Case) -> frozenset[str]:
        """Those that the case's command line leaves on."""
        from subjects.nanobragg.defect_words import defects_of

        return defects_of(case).on

    def default_sections(self, case: Case) -> tuple[Section, ...]:
        """The case's first pixel; of the default case the one that everybody looks at."""
        return (SUPERVISOR_PIXEL,) if case.name == DEFAULT_CASE else case.sections[:1]

    def grid(self, prepared: Prepared, n: int) -> list[Section]:
        """Pixels spread over the region of interest, masked ones left out."""
        from subjects.nanobragg.regions import grid_pixels

        return grid_pixels(prepared, n)

    def restricted(self, case: Case, section: Section) -> Case | None:
        """``-roi`` around the pixel."""
        from subjects.nanobragg.regions import restricted

        return restricted(case, section)

    # -- programs

    def reference(self, option: Path | None, timeout_s: float | None) -> Program:
        """The project's C program, or another binary in its place."""
        from subjects.nanobragg.programs import CProgram
        from subjects.nanobragg.reference import find_reference

        return CProgram(find_reference(option), timeout_s)

    def port(self, computing: Computing, timeout_s: float | None = None) -> Program:
        """The PyTorch simulator, in this process."""
        from subjects.nanobragg.programs import Port

        return Port(computing)

    def devices(self) -> Mapping[str, str]:
        """The CPU and every CUDA device."""
        from simulator.evaluation.execution import machine_capabilities

        cards = range(len(machine_capabilities().cuda_devices))
        return {"cpu": "cpu"} | {f"cuda{index or ''}": f"cuda:{index}" for index in cards}

    def dtypes(self) -> tuple[str, ...]:
        """All of the simulator's."""
        from harness.running.computing import DTYPES

        return DTYPES

    # -- judging

    def compared(self, a: str, b: str) -> tuple[str, str]:
        """Without the cell that enters a pixel where one program states that phi = 0 does not use it."""
        from subjects.nanobragg.judging import used_lines

        return used_lines(a, b)

    def judge(self, expected: Ran, got: Ran) -> Iterator[Check]:
        """Images and their headers."""
        from subjects.nanobragg.judging import artifact_checks

        return artifact_checks(expected, got)

    def judge_golden(self, case: Case, reference: Ran, port: Ran) -> Iterator[Check]:
        """Golden traces, images and statistics."""
        from subjects.nanobragg.golden import golden_checks

        return golden_checks(case, reference, port)

    def worst_section(self, expected: Ran, got: Ran) -> Section | None:
        """The pixel where the float images are furthest apart."""
        from subjects.nanobragg.judging import worst_section

        return worst_section(expected, got)

    # -- records and pages

    def facts(self, prepared: Prepared) -> Mapping[str, Any]:
        """Mode and defects."""
        from subjects.nanobragg.defect_words import defects_of

        defects = defects_of(prepared.case)
        return {"mode": defects.mode, "defects": str(defects)}

    def image_shape(self, prepared: Prepared) -> tuple[int, int] | None:
        """(slow, fast) of the detector; None for a command line that is refused."""
        from simulator.commandline.reading import read_detector
        from simulator.errors import InputError

        try:
            with prepared.scratch() as folder:
                detector = read_detector(prepared.case.argv, folder)
        except InputError:
            return None
        return detector.pixels_slow, detector.pixels_fast

    def sweep(self, trace: Trace) -> Table | None:
        """The first sweep over phi."""
        from subjects.nanobragg.sweeps import phi_table

        return phi_table(trace)

    def excerpts(self, text: str) -> Mapping[str, str]:
        """The PHI records alone."""
        from subjects.nanobragg.sweeps import per_phi_lines

        return {"per_phi": per_phi_lines(text)}

    def reproduced(self, case: Case, section: Section) -> str:
        """The C program's command line."""
        import shlex

        return f"nanobragg_c {shlex.join(case.argv)} -trace_pixel {' '.join(map(str, section))}"

    def findings(self) -> Iterable[Finding]:
        """The reference program, and whether evaluation sizes were measured."""
        from subjects.nanobragg.checkup import findings

        return findings()

    # -- commands

    def commands(self) -> Mapping[str, Callable[..., None]]:
        """Rendering, and the audits."""
        from subjects.nanobragg.commands import carryover, gradcheck, simulate, tune

        return {
            "simulate": simulate.simulate,
            "carryover": carryover.carryover,
            "gradcheck": gradcheck.gradcheck,
            "tune": tune.tune,
        }

    def reference_commands(self) -> Mapping[str, Callable[..., None]]:
        """Building and running the C program."""
        from subjects.nanobragg.commands import reference

        return {"simulate": reference.simulate, "build": reference.build}

    def start(self) -> None:
        """Freed memory is kept: chunks of an image do not fault their pages in again."""
        from simulator.evaluation.allocator import keep_freed_memory

        keep_freed_memory()
