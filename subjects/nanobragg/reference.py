"""The reference program: finding it, building it, running it on a case, taking its trace.

Any binary can take its place (``--reference PATH`` or HARNESS_REFERENCE) that reads the same command line, takes
``-trace_pixel SLOW FAST`` and prints ``TRACE_C`` lines on its standard output, among whatever else it prints.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.case import Argv, Section
from harness.errors import ProgramFailed, WrongUse
from harness.processes import Finished, run
from harness.scratch import Prepared
from harness.traced import Trace, Traced

REFERENCE_VARIABLE = "HARNESS_REFERENCE"
BINARY = "nanobragg_c"
TRACE_LINE = re.compile(r"TRACE_[A-Za-z0-9]+(?:_[A-Z]+)?[: ]")
REFUSALS = (2, 9)
"""Exit statuses with which the project's own program refuses its input."""


@dataclass(frozen=True)
class Reference:
    """A reference program. ``own``: it is the project's, with flags that another may lack."""

    path: Path
    own: bool

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
    finished = run([str(reference.path), *argv], folder, timeout_s)
    if finished.status == 0:
        return finished
    if reference.own and finished.status in REFUSALS:
        raise WrongUse(_complaint(finished))
    raise ProgramFailed(f"the reference program {reference.path.name} {finished.ending()}", finished.output)


def _complaint(finished: Finished) -> str:
    lines = [line.strip() for line in finished.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"the reference program {finished.ending()}"


def trace_pixels(
    reference: Reference,
    prepared: Prepared,
    pixels: Sequence[Section],
    extra: Argv = (),
    *,
    timeout_s: float | None = None,
) -> tuple[list[Finished], dict[Section, str]]:
    """The trace of each pixel, without images where the program can do without.

    The project's own program traces all pixels in one run; another is run once for each pixel.
    """
    if reference.own:
        words = ("-case", prepared.case.name, "-trace_only", *extra, *pixel_words(pixels))
        with prepared.scratch() as folder:
            runs = run_case(reference, prepared, folder, words, timeout_s=timeout_s)
        return runs, split_traces(reference, runs[-1], pixels)
    all_runs: list[Finished] = []
    traces: dict[Section, str] = {}
    for pixel in pixels:
        with prepared.scratch() as folder:
            runs = run_case(reference, prepared, folder, (*extra, *pixel_words([pixel])), timeout_s=timeout_s)
        all_runs += runs
        traces[pixel] = Trace(trace_lines(reference, runs[-1])).stating(pixel, "pixel").text
    return all_runs, traces


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
    """The trace lines among what the program printed; ProgramFailed when there are none."""
    lines = [line for line in finished.stdout.splitlines() if TRACE_LINE.match(line)]
    if not lines:
        raise ProgramFailed(
            f"the reference program {reference.path.name} printed no TRACE_C line on its standard output; "
            "it must take -trace_pixel SLOW FAST",
            finished.output,
        )
    return "\n".join(lines) + "\n"


def split_traces(reference: Reference, finished: Finished, pixels: Sequence[Section]) -> dict[Section, str]:
    """The sections of a trace of several pixels, by pixel."""
    text = trace_lines(reference, finished)
    starts = [match.start() for match in re.finditer(r"^TRACE_\w+: trace_format\b", text, re.MULTILINE)]
    sections = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    found: dict[Section, str] = {}
    for section in sections:
        match = re.search(r"^TRACE_\w+: pixel (\d+) (\d+)$", section, re.MULTILINE)
        if match:
            found[int(match[1]), int(match[2])] = section
    if missing := [pixel for pixel in pixels if pixel not in found]:
        slow, fast = missing[0]
        raise ProgramFailed(f"the reference program printed no trace of pixel {slow} {fast}", finished.output)
    return found


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
