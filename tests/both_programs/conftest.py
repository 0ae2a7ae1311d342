"""Both programs on one command line, and what it means that they agree."""

from __future__ import annotations

import re
import subprocess
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from simulator import ExecutionConfig, Experiment, InputError, Simulator
from simulator.files.outputs import HeaderGeometry, write_outputs
from simulator.remarks import IgnoredInput

ROOT = Path(__file__).resolve().parents[2]
EAGER = ExecutionConfig(device="cpu", compile="never")
RELATIVE = 1e-11
"""By how much floats of two traces may differ, of their own scale."""

FIELDS = (ROOT / "reference_c" / "trace_fields.def").read_text()
KINDS = dict(re.findall(r"TRACE_FIELD\(\w+, (\w+), (\w+), \d+\)", FIELDS))
"""WORD, INT or DOUBLE by name; index keys are in neither list."""

Pixel = tuple[int, int]


@dataclass(frozen=True)
class Outcome:
    """What one program made of a command line."""

    exit_code: int
    message: str
    folder: Path
    trace: tuple[str, ...]
    remarks: frozenset[str] = frozenset()
    """What was said of ignored words, or why the line is refused."""

    def image(self, columns: int) -> np.ndarray:
        """The float image, slow x fast."""
        return np.fromfile(self.folder / "floatimage.bin", np.float32).reshape(-1, columns)


@dataclass(frozen=True)
class Both:
    """The two programs' outcomes."""

    c: Outcome
    port: Outcome
    columns: int = 0

    def assert_agree(self) -> None:
        """The same exit code; images within 2 ulps and nearly all bit-equal, the same files, the same traces."""
        assert self.c.exit_code == self.port.exit_code, f"C: {self.c.message}\nport: {self.port.message}"
        if self.c.exit_code:
            return
        c, port = self.c.image(self.columns), self.port.image(self.columns)
        assert_images_agree(c, port)
        self._assert_files_agree(bits_equal=bool((c.view(np.int32) == port.view(np.int32)).all()))
        assert_traces_agree(self.c.trace, self.port.trace)

    def assert_same_remarks(self) -> None:
        """The same words about what is ignored, or the same reason to refuse."""
        assert self.c.remarks == self.port.remarks

    def _assert_files_agree(self, *, bits_equal: bool) -> None:
        """The same names; the same bytes too, but for counts of pixels that are not bit-equal."""
        names = {outcome: {path.name for path in outcome.folder.iterdir()} for outcome in (self.c, self.port)}
        assert names[self.c] == names[self.port]
        for name in names[self.c] - {"floatimage.bin"}:
            c, port = (with_plain_nan((outcome.folder / name).read_bytes()) for outcome in (self.c, self.port))
            if bits_equal:
                assert c == port, name
            else:
                assert c[:512] == port[:512] or name.endswith(".pgm"), name
                assert len(c) == len(port), name


def with_plain_nan(content: bytes) -> bytes:
    """An image file whose header says nan without a sign, which no rule of arithmetic settles."""
    header = content[:512]
    return header.replace(b"-nan", b"nan").ljust(512) + content[512:] if b"-nan" in header else content


def assert_images_agree(c: np.ndarray, port: np.ndarray) -> None:
    """All but eight or 0.1 % bit-equal; every other within 2 float32 ulps or 1e-15 of the largest. NaN equals NaN."""
    assert c.shape == port.shape
    same = (c == port) | (np.isnan(c) & np.isnan(port))
    largest = np.max(np.abs(c[np.isfinite(c)]), initial=0.0)
    apart = np.abs(c.view(np.int32).astype(np.int64) - port.view(np.int32))
    with np.errstate(invalid="ignore"):
        close = same | (apart <= 2) | (np.abs(c - port) <= 1e-15 * largest)
    assert close.all(), f"{int((~close).sum())} pixels, first {np.argwhere(~close)[0]}"
    assert (~same).sum() <= max(8, 1e-3 * c.size)


def assert_traces_agree(c: Sequence[str], port: Sequence[str]) -> None:
    """Line by line: the same names, indices, words and integers; floats within 1e-11 of their own scale."""
    assert len(c) == len(port)
    scales = Scales()
    for c_line, port_line in zip(c, port, strict=True):
        record, c_fields = fields_of(c_line)
        port_record, port_fields = fields_of(port_line)
        assert (record, list(c_fields)) == (port_record, list(port_fields))
        scales.enter(record, c_fields)
        for name, words in c_fields.items():
            if name == "hkl_rounded":  # what is no number, or infinite, has no index
                words = [word.replace("-9223372036854775808", "nan") for word in words]
                port_fields[name] = [word.replace("-inf", "nan").replace("inf", "nan") for word in port_fields[name]]
            if words != port_fields[name] and name != "program":
                assert KINDS.get(name) == "DOUBLE", f"{record} {name}: {words} {port_fields[name]}"
                assert_values_agree(words, port_fields[name], scales.of(name, words), f"{record} {name}: {c_line}")


def fields_of(line: str) -> tuple[str, dict[str, list[str]]]:
    """The record ("" for plain quantities) and each name's words."""
    head, *words = line.split()
    if head.endswith(":"):
        return "", {words[0]: words[1:]}
    pairs = (word.split("=") for word in words)
    return head.split("_", 2)[2], {name: value.split(",") for name, value in pairs}


def assert_values_agree(c: list[str], port: list[str], scale: float, where: str) -> None:
    assert len(c) == len(port), where
    for ours, theirs in zip(c, port, strict=True):
        if ours == theirs:
            continue
        a, b = float(ours), float(theirs)
        if a == b == 0.0:  # of either sign
            continue
        assert abs(a - b) <= RELATIVE * scale or (np.isnan(a) and np.isnan(b)), f"{where}: {theirs}"


class Scales:
    """What a difference is relative to: |value|, a vector's largest component, N cells for lattice factors.

    A term is the square of a lattice factor that the neighbouring cells may nearly cancel: relative to itself it is
    as wrong as that factor is; so are the sums of terms, in the mean.
    """

    def __init__(self) -> None:
        self._n_cells = 1.0
        self._terms = self._uncertain = self._amplified = 0.0

    def enter(self, record: str, fields: Mapping[str, list[str]]) -> None:
        """Take note of a line before its values are compared."""
        if "N_cells" in fields:
            self._n_cells = float(np.prod([float(word) for word in fields["N_cells"]]))
            self._terms = self._uncertain = 0.0
        if record == "DOMAIN":
            term, F_latt = abs(float(fields["I_term"][0])), abs(float(fields["F_latt"][0]))
            self._amplified = 1.0 + 2.0 * self._n_cells / F_latt if F_latt else 1.0
            self._terms += term
            self._uncertain += term * self._amplified

    def of(self, name: str, words: list[str]) -> float:
        largest = max(abs(float(word)) for word in words)
        if name.startswith("F_latt"):
            return max(largest, self._n_cells)
        if name == "I_term":
            return largest * self._amplified
        if name == "k_frac":  # its vector is not in the record
            return max(largest, 1.0)
        if name.startswith("I_") or name == "floatimage_accumulated":
            mean = self._uncertain / self._terms if self._terms else 1.0
            if not np.isfinite(mean):  # one term was infinite or not a number
                mean = 1.0
            return largest * max(mean, self._amplified)  # a compounded sum may be the last term alone
        return largest


@pytest.fixture(scope="session")
def program() -> Path:
    """The C program, built."""
    done = subprocess.run(["make", "-C", str(ROOT / "reference_c")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "reference_c" / "build" / "nanobragg_c"


@pytest.fixture
def run_both(program: Path, tmp_path: Path) -> Callable[..., Both]:
    """run_both(argv, pixels, files): both programs, each in a fresh folder of its own with those files."""
    count = 0

    def run(argv: str | Sequence[str], pixels: Sequence[Pixel] = (), files: Mapping[str, bytes] | None = None) -> Both:
        nonlocal count
        count += 1
        words = argv.split() if isinstance(argv, str) else list(argv)
        folders = [tmp_path / f"{name}{count}" for name in ("c", "port")]
        for folder in folders:
            folder.mkdir()
            for name, content in (files or {}).items():
                (folder / name).write_bytes(content)
        c = run_program(program, words, pixels, folders[0])
        port, columns = run_port(words, pixels, folders[1])
        return Both(c, port, columns)

    return run


def run_program(program: Path, argv: Sequence[str], pixels: Sequence[Pixel], folder: Path) -> Outcome:
    traced = [word for slow, fast in pixels for word in ("-trace_pixel", str(slow), str(fast))]
    done = subprocess.run(
        [str(program), *traced, *argv], cwd=folder, capture_output=True, text=True, errors="replace", timeout=120
    )
    lines = tuple(line for line in done.stdout.splitlines() if line.startswith("TRACE_C"))
    kind = "error" if done.returncode else "warning"
    said = (line.removeprefix(f"nanobragg_c: {kind}: ") for line in done.stderr.splitlines() if f": {kind}: " in line)
    return Outcome(done.returncode, done.stderr, folder, lines, frozenset(said))


def run_port(argv: Sequence[str], pixels: Sequence[Pixel], folder: Path) -> tuple[Outcome, int]:
    """The port's outcome and the image's width."""
    try:
        with warnings.catch_warnings(record=True) as caught, torch.no_grad():
            warnings.simplefilter("always", IgnoredInput)
            experiment = Experiment.from_argv(argv, folder)
            simulator = Simulator(experiment, execution=EAGER)
            traces = simulator.traces(pixels)
            image = simulator.image().to(torch.float32).numpy()
            write_outputs(experiment, image, HeaderGeometry.of(simulator.prepared.geometry), folder)
    except InputError as refusal:
        return Outcome(refusal.exit_code, str(refusal), folder, (), frozenset({str(refusal)})), 0
    lines = tuple(line for trace in traces for line in trace.lines("C"))
    remarks = frozenset(str(remark.message) for remark in caught if issubclass(remark.category, IgnoredInput))
    return Outcome(0, "", folder, lines, remarks), image.shape[1]
