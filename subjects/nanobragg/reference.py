"""The reference program: finding it, building it, running it on a case, taking its trace.

Any binary can take its place (``--reference PATH`` or HARNESS_REFERENCE) that reads the same command line, takes
``-trace_pixel SLOW FAST`` and prints ``TRACE_C`` lines on its standard output, among whatever else it prints. It runs
with OMP_NUM_THREADS=1 unless that variable says otherwise: threads change what a pixel inherits from those before it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from harness.case import Argv, Section, section_text
from harness.errors import ProgramFailed, WrongUse
from harness.questions.traced import Trace, Traced
from harness.running.processes import Finished, run
from harness.running.scratch import Prepared

REFERENCE_VARIABLE = "HARNESS_REFERENCE"
THREADS_VARIABLE = "OMP_NUM_THREADS"
BINARY = "nanobragg_c"
TRACE_LINE = re.compile(r"TRACE_[A-Za-z0-9]+(?:_[A-Z]+)?[: ](?=\s*\S)")
UNSET_ATTENUATION = re.compile(r"^(TRACE_\w+: attenuation_per_meter[ =])-1(?:\.0*)?\s*$")
"""How the reference stores that no absorption was given; the project's programs print 0 for it."""

PROBE = (
    "-defects none -trace_pixel 0 0 -cell 40 40 40 90 90 90 -default_F 1 -N 1 -detpixels 2 -lambda 1 -oversample 1 "
    "-nonoise -nopgm"
)
"""A moment's work, to see whether a program says which defects are on."""

REFUSALS = (2, 9)
"""Exit statuses with which the project's own program refuses its input."""


@dataclass(frozen=True)
class Reference:
    """A reference program. ``own``: it is the project's, with flags that another may lack."""

    path: Path
    own: bool

    @property
    def threads(self) -> str:
        """What OMP_NUM_THREADS is for another program."""
        return os.environ.get(THREADS_VARIABLE, "1")

    def environment(self) -> dict[str, str] | None:
        """The variables that it runs with; None: those of this process."""
        return None if self.own else {**os.environ, THREADS_VARIABLE: self.threads}

    @property
    def sha256(self) -> str:
        """Hash of the program file."""
        import hashlib

        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def sources_folder() -> Path:
    """Where the C sources are: ``reference_c`` beside ``subjects``, in a checkout and when installed."""
    return Path(__file__).resolve().parents[2] / "reference_c"


def in_checkout() -> bool:
    """True when the package runs from a source tree rather than from an installation."""
    return (sources_folder().parent / "pyproject.toml").is_file()


def build_folder() -> Path:
    """Where ``harness reference build`` puts the program."""
    if in_checkout():
        return sources_folder() / "build"
    from harness import __version__

    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "trace-parity" / __version__


def find_reference(option: Path | None) -> Reference:
    """The program that ``--reference`` names, else HARNESS_REFERENCE, else the project's own.

    Raises:
        ProgramFailed: it is missing or not executable.
    """
    named = option or (Path(os.environ[REFERENCE_VARIABLE]) if os.environ.get(REFERENCE_VARIABLE) else None)
    if named is None:
        return _checked(Reference(build_folder() / BINARY, own=True), "build it with `harness reference build`")
    where = "--reference" if option else REFERENCE_VARIABLE
    return _checked(Reference(named.absolute(), own=False), f"{where} takes the path of an executable program")


def _checked(reference: Reference, remedy: str) -> Reference:
    if not reference.path.is_file():
        raise ProgramFailed(f"the reference program {reference.path} is not there; {remedy}")
    if not os.access(reference.path, os.X_OK):
        raise ProgramFailed(f"the reference program {reference.path} is not executable; {remedy}")
    return reference


def build(*, fast: bool = False, timeout_s: float = 600.0) -> Path:
    """Compile the project's own program; ``fast`` makes the one for timing.

    Raises:
        ProgramFailed: no compiler or make, or the compiler complains.
    """
    for tool, package in (("make", "make"), (os.environ.get("CC", "cc"), "a C compiler (gcc or clang)")):
        if shutil.which(tool) is None:
            raise ProgramFailed(f"{tool} not found; building the reference program needs {package}")
    folder = build_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUse(f"{folder} cannot be made: {error.strerror}; set XDG_CACHE_HOME to a writable folder") from error
    program = folder / (f"{BINARY}_fast" if fast else BINARY)
    command = ["make", "-C", str(sources_folder()), f"BUILD={folder}", str(program)]
    finished = run(command, sources_folder(), timeout_s)
    if finished.status != 0 or not program.is_file():
        raise ProgramFailed(f"building {program.name} failed:\n{finished.stderr or finished.stdout}", finished.output)
    return program


def run_case(
    reference: Reference, prepared: Prepared, folder: Path, extra: Argv = (), *, timeout_s: float | None = None
) -> list[Finished]:
    """Run a case's setup lines and then ``extra`` and its command line in a folder that holds its inputs.

    ``extra`` comes first: the reference looks at what is the last word, and how many follow a flag.

    Raises:
        WrongUse: the project's own program refuses its input.
        ProgramFailed: a run ended with a nonzero status.
    """
    lines = (*prepared.case.setup, (*extra, *prepared.case.argv))
    return [_run_checked(reference, line, folder, timeout_s) for line in lines]


def _run_checked(reference: Reference, argv: Sequence[str], folder: Path, timeout_s: float | None) -> Finished:
    finished = run([str(reference.path), *argv], folder, timeout_s, reference.environment())
    if finished.status == 0:
        return finished
    if reference.own and finished.status in REFUSALS:
        raise WrongUse(_complaint(finished))
    raise ProgramFailed(f"the reference program {reference.path.name} {finished.ending()}", finished.output)


def _complaint(finished: Finished) -> str:
    lines = [line.strip() for line in finished.stderr.splitlines() if line.strip()]
    if not lines:
        return f"the reference program {finished.ending()}"
    return lines[-1].removeprefix(f"{BINARY}: error: ")


def trace_pixels(
    reference: Reference,
    prepared: Prepared,
    pixels: Sequence[Section],
    extra: Argv = (),
    *,
    timeout_s: float | None = None,
) -> tuple[list[Finished], dict[Section, str]]:
    """The trace of each pixel, without images where the program can do without.

    The project's own program traces all pixels in one run; another does if it takes several ``-trace_pixel``, else it
    is run once for each pixel.
    """
    if reference.own:
        words = ("-case", prepared.case.name, "-trace_only", *extra, *pixel_words(pixels))
        with prepared.scratch() as folder:
            runs = run_case(reference, prepared, folder, words, timeout_s=timeout_s)
        return runs, split_traces(reference, runs[-1], pixels)
    all_runs: list[Finished] = []
    traces: dict[Section, str] = {}
    if len(pixels) > 1:
        with prepared.scratch() as folder:
            all_runs = run_case(reference, prepared, folder, (*extra, *pixel_words(pixels)), timeout_s=timeout_s)
        found = sections_of(trace_lines(reference, all_runs[-1]))
        if set(pixels) <= set(found):
            return all_runs, {pixel: found[pixel] for pixel in pixels}
    for pixel in pixels:
        with prepared.scratch() as folder:
            runs = run_case(reference, prepared, folder, (*extra, *pixel_words([pixel])), timeout_s=timeout_s)
        all_runs += runs
        traces[pixel] = stating(trace_lines(reference, runs[-1]), pixel)
    return all_runs, traces


def stating(text: str, pixel: Section) -> str:
    """A trace with a line that says which pixel it is of, for programs that print none."""
    if Trace(text).value("pixel") is not None:
        return text
    first = text.partition("\n")[0]
    side = first.partition(":")[0] if ":" in first else "TRACE_A"
    return f"{side}: pixel {section_text(pixel)}\n{text}"


def traced(
    reference: Reference, prepared: Prepared, pixels: Sequence[Section], *, timeout_s: float | None = None
) -> Traced:
    """The traces of a case's pixels, refused when another program than the project's ignored ``-defects``."""
    runs, texts = trace_pixels(reference, prepared, pixels, timeout_s=timeout_s)
    argv = prepared.case.argv
    if "-defects" in argv:
        for text in texts.values():
            require_defects(text, argv[len(argv) - 1 - argv[::-1].index("-defects") + 1])
    seconds = {"run": sum(finished.seconds for finished in runs)}
    traces = {section: Trace(text) for section, text in texts.items()}
    return Traced(traces, runs, device="cpu", dtype="float64", seconds=seconds)


def pixel_words(pixels: Sequence[Section]) -> Argv:
    """``-trace_pixel SLOW FAST`` for each pixel."""
    return tuple(word for slow, fast in pixels for word in ("-trace_pixel", str(slow), str(fast)))


def trace_lines(reference: Reference, finished: Finished) -> str:
    """The trace lines among what the program printed, behind other output too; ProgramFailed when there are none."""
    lines = [trace for line in finished.stdout.splitlines() for trace in _traces_in(line)]
    if not reference.own:
        lines = [UNSET_ATTENUATION.sub(r"\g<1>0", line) for line in lines]
    if not lines:
        raise ProgramFailed(
            f"the reference program {reference.path.name} printed no TRACE_C line on its standard output; "
            "it must take -trace_pixel SLOW FAST",
            finished.output,
        )
    return "\n".join(lines) + "\n"


def split_traces(reference: Reference, finished: Finished, pixels: Sequence[Section]) -> dict[Section, str]:
    """The sections of a trace of several pixels, by pixel."""
    found = sections_of(trace_lines(reference, finished))
    if missing := [pixel for pixel in pixels if pixel not in found]:
        slow, fast = missing[0]
        raise ProgramFailed(f"the reference program printed no trace of pixel {slow} {fast}", finished.output)
    return found


def _traces_in(line: str) -> list[str]:
    """The trace lines of one line of output: it may be glued behind a progress display, or behind another."""
    starts = [match.start() for match in TRACE_LINE.finditer(line)]
    return [line[start:end].rstrip() for start, end in pairwise([*starts, len(line)])]


def sections_of(text: str) -> dict[Section, str]:
    """The sections of a trace by the pixel that each states; it begins with trace_format, else with the pixel."""
    begin = next((name for name in ("trace_format", "pixel") if re.search(rf"^TRACE_\w+: {name}\b", text, re.M)), "")
    starts = [match.start() for match in re.finditer(rf"^TRACE_\w+: {begin}\b", text, re.M)] if begin else []
    found: dict[Section, str] = {}
    for start, end in pairwise([*starts, len(text)]):
        if match := re.search(r"^TRACE_\w+: pixel[ =](\d+)[ ,](\d+)\s*$", text[start:end], re.M):
            found[int(match[1]), int(match[2])] = text[start:end]
    return found


def switches_defects(reference: Reference, timeout_s: float | None) -> bool:
    """Whether a program turns known defects on and off: its trace says those that ``-defects`` asked for."""
    if reference.own:
        return True
    with tempfile.TemporaryDirectory(prefix="harness_defects_") as folder:
        try:
            finished = run([str(reference.path), *PROBE.split()], Path(folder), timeout_s, reference.environment())
            return Trace(trace_lines(reference, finished)).value("defects") == "none"
        except ProgramFailed:
            return False


def require_defects(trace: str, wanted: str) -> None:
    """Refuse a trace (its text) whose program says that other defects were on than asked for.

    Raises:
        ProgramFailed: the header's ``defects`` line is absent or differs; the program does not know ``-defects``.
    """
    said = Trace(trace).value("defects")
    if said != wanted:
        raise ProgramFailed(
            f"the reference program was asked for -defects {wanted} and its trace says {said or 'nothing'}; "
            "only a program that switches defects can be traced in that mode"
        )
