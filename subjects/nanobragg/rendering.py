"""``simulate``: either program as a drop-in replacement of the reference, in the working folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ProgramFailed, WrongUse
from harness.running.computing import Computing
from subjects.nanobragg.port import Progress, make_simulator, read_line, render, trace_pixels
from subjects.nanobragg.reference import find_reference

if TYPE_CHECKING:
    import numpy as np

    from simulator import Experiment, Simulator


def run_port(argv: Sequence[str], computing: Computing, png: str | None) -> int:
    """Render a command line with the port; the exit status is the reference's (0, 9, or 2 where this is stricter)."""
    from simulator.errors import InputError

    check_png(png)
    try:
        experiment = read_line(argv, Path.cwd())
        traces = _traces(experiment, computing)
        if experiment.output.trace_only:
            _give_traces(experiment, traces)
            return 0
        with progress_bar(wanted=experiment.output.progress) as progress:
            rendered = render(experiment, Path.cwd(), computing, progress)
        _give_traces(experiment, traces)
    except InputError as error:
        print(f"harness simulate: {error}", file=sys.stderr)
        return error.exit_code
    print("\n".join([*rendered.printed(), *printouts(experiment, rendered.image)]))
    for path in rendered.written.files:
        print(f"wrote {path}")
    if png:
        draw(rendered.image, png)
    _build_kernels(rendered.simulator)
    return 0


def _traces(experiment: Experiment, computing: Computing) -> str:
    """The traces that the command line asks for with ``-trace_pixel``, each pixel once."""
    pixels = list(dict.fromkeys(experiment.output.trace_pixels))
    if not pixels:
        return ""
    return "".join(trace_pixels(make_simulator(experiment, computing), pixels).values())


def _give_traces(experiment: Experiment, traces: str) -> None:
    """On standard output, or into the file that ``-trace_file`` names."""
    from simulator.files.writing import write_files

    name = experiment.output.trace_file
    if name is None:
        print(traces, end="")
    else:
        write_files({name: (traces.encode("utf-8"),)}, Path.cwd())


def printouts(experiment: Experiment, image: np.ndarray) -> list[str]:
    """The pixels that ``-printout`` and ``-printout_pixel`` ask for, as the C program prints them."""
    output, detector = experiment.output, experiment.detector
    if not output.printout:
        return []
    fast0, fast1, slow0, slow1 = experiment.sampling.roi or (0, detector.pixels_fast - 1, 0, detector.pixels_slow - 1)
    wanted = output.printout_pixel if output.printout_pixel and output.printout_pixel[0] >= 0 else None
    return [
        f"{fast:4d} {slow:4d} : I = {image[slow, fast]:.9g}"
        for slow in range(slow0, slow1 + 1)
        for fast in range(fast0, fast1 + 1)
        if wanted is None or (fast, slow) == wanted
    ]


def _build_kernels(simulator: Simulator) -> None:
    """Have what the next such image gains from compiled, and say so; that it cannot be is no fault of this run."""
    try:
        building = simulator.kernels.build_in_background()
    except OSError as error:
        print(f"harness simulate: kernels for the next such run cannot be kept: {error}", file=sys.stderr)
        return
    if building:
        print(
            f"harness simulate: compiling {building} kernel(s) in the background, for the next image of this kind "
            "(--compile never or SIMULATOR_KERNELS=off prevents that)",
            file=sys.stderr,
        )


def run_reference(argv: Sequence[str], program: Path | None, png: str | None) -> int:
    """Run the C program itself: its streams and exit status are passed through."""
    check_png(png)
    reference = find_reference(program)
    try:
        status = subprocess.run([str(reference.path), *argv], check=False).returncode
    except OSError as error:
        raise ProgramFailed(f"{reference.path} cannot be run: {error.strerror}") from error
    if status < 0:
        raise ProgramFailed(f"the reference program {reference.path.name} was ended by signal {-status}")
    if status == 0 and png:
        draw(_float_image(argv), png)
    return status


def _float_image(argv: Sequence[str]) -> object:
    import numpy as np

    experiment = read_line(argv, Path.cwd())
    name, detector = experiment.output.float_file, experiment.detector
    if name is None:
        raise WrongUse("--png draws the float image, and this command line writes none")
    return np.fromfile(name, dtype="<f4").reshape(detector.pixels_slow, detector.pixels_fast)


def check_png(png: str | None) -> None:
    """Refuse a picture that cannot be written before anything is rendered."""
    if png is None:
        return
    folder = Path(png).resolve().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise WrongUse(f"--png {png} cannot be written: {folder} is not a writable folder")


def draw(image: object, png: str) -> None:
    """Draw a float image (slow x fast) on a logarithmic scale with a colour bar."""
    import numpy as np
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    pixels = np.asarray(image, dtype=np.float64)
    positive = pixels[np.isfinite(pixels) & (pixels > 0)]
    low, high = (np.percentile(positive, 1), positive.max()) if positive.size else (0.1, 1.0)
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.subplots()
    shown = axes.imshow(
        np.ma.masked_less_equal(pixels, 0),
        norm=LogNorm(min(low, high * 0.999), high),
        cmap="viridis",
        origin="upper",
        interpolation="nearest" if pixels.size < 1e6 else "antialiased",
    )
    axes.set_xlabel("fast (pixels)")
    axes.set_ylabel("slow (pixels)")
    figure.colorbar(shown, ax=axes, label="photons per pixel", shrink=0.85)
    figure.savefig(png, format="png", dpi=110)


@contextmanager
def progress_bar(*, wanted: bool) -> Iterator[Progress | None]:
    """A bar on stderr when it is a terminal; None otherwise."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rendering", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
