"""Traces of a detector pixel and of a canvas pixel: what the functions that make the images show on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from simulator.errors import InputError
from subjects.ptychography import __version__
from subjects.ptychography import steps as physics
from subjects.ptychography.forward import ModeSteps, Place, Setup
from subjects.ptychography.steps import Pair
from subjects.ptychography.stitching import Job, Touched, frame_of, stitch

Value = str | int | float | tuple[float, ...] | tuple[int, ...]


@dataclass(frozen=True)
class Record:
    """One evaluation inside the pixel."""

    name: str
    indices: Mapping[str, int]
    values: Mapping[str, Value]


@dataclass
class Trace:
    """Everything between the inputs and one pixel, in the order of the trace format."""

    header: dict[str, Value]
    records: list[Record] = field(default_factory=list)
    closing: dict[str, Value] = field(default_factory=dict)

    def lines(self, side: str = "PY") -> Iterator[str]:
        """The text, line by line without line ends; floats read back to the same bits."""
        for name, value in self.header.items():
            yield f"TRACE_{side}: {name} {format_value(value, ' ')}"
        for record in self.records:
            pairs = {**record.indices, **record.values}.items()
            yield f"TRACE_{side}_{record.name} " + " ".join(f"{key}={format_value(v, ',')}" for key, v in pairs)
        for name, value in self.closing.items():
            yield f"TRACE_{side}: {name} {format_value(value, ' ')}"


def format_value(value: Value, separator: str) -> str:
    """17 significant digits, vectors with a separator."""
    if isinstance(value, tuple):
        return separator.join(format_value(x, separator) for x in value)
    return f"{value:.17g}" if isinstance(value, float) else str(value)


def _identity(setup: Setup, case: str, pixel: tuple[int, int]) -> dict[str, Value]:
    like = setup.forward.probe.re
    return {
        "trace_format": 1,
        "program": "ptycho_port",
        "version": __version__,
        "mode": setup.defects.mode,
        "defects": str(setup.defects),
        "device": str(like.device),
        "dtype": str(like.dtype).removeprefix("torch."),
        "case": case,
        "pixel": pixel,
    }


def _place(j: int, place: Place) -> Record:
    """The PLACE line of one position (members without a batch)."""
    where = place.cell
    values: dict[str, Value] = {
        "x_px": float(place.x_px),
        "y_px": float(place.y_px),
        "left_px": float(place.left_px),
        "top_px": float(place.top_px),
        "col0": int(where.col0),
        "row0": int(where.row0),
        "frac_x": float(where.frac_x),
        "frac_y": float(where.frac_y),
        "weights": _vector(place.weights),
    }
    return Record("PLACE", {"pos": j}, values)


def _vector(values: Tensor) -> tuple[float, ...]:
    return tuple(values.detach().to("cpu", torch.float64).tolist())


# --------------------------------------------------------------------------------------------------- a detector pixel


def trace_detector(setup: Setup, j: int, slow: int, fast: int, mean_exit_power: float, case: str = "none") -> Trace:
    """Everything between the scan and one pixel of pattern j.

    Raises:
        InputError: there is no such pixel.
    """
    side = setup.scan.patch_px
    if not (0 <= j < setup.scan.n_positions and 0 <= slow < side and 0 <= fast < side):
        raise InputError(
            f"-trace {j} {slow} {fast} is outside: there are {setup.scan.n_positions} positions of {side} x {side} "
            "pixels"
        )
    place = setup.place([j])
    patch = setup.patches(place)
    trace = Trace(_identity(setup, case, (slow, fast)) | _scan_header(setup, j, slow, fast))
    trace.header |= _bounds(setup, patch, mean_exit_power)
    trace.records.append(_place(j, place.at(0)))

    def watch(mode: int, steps: ModeSteps) -> None:
        for row in range(side):
            trace.records += _row(j, mode, row, patch, steps)
        trace.records.append(Record("MODE", {"pos": j, "mode": mode}, {"mode_intensity": float(steps.intensity)}))

    intensity = setup.forward.intensities(patch, [slow], [fast], watch)[0, 0, 0]
    trace.closing = _closing(setup, j, slow, fast, intensity, float(setup.dose(mean_exit_power)))
    return trace


def _scan_header(setup: Setup, j: int, slow: int, fast: int) -> dict[str, Value]:
    scan, frequencies = setup.scan, setup.forward.frequencies
    rows, cols = (0, 0) if setup.object is None else setup.object.re.shape
    factors = physics.twiddle(scan.patch_px)
    return {
        "position": j,
        "n_positions": scan.n_positions,
        "patch_px": scan.patch_px,
        "centre_px": scan.centre_px,
        "object_rows": rows,
        "object_cols": cols,
        "n_modes": len(scan.probe),
        "interpolation": setup.interpolation,
        "freq_slow": int(frequencies[slow]),
        "freq_fast": int(frequencies[fast]),
        "twiddle_re": _vector(factors.re),
        "twiddle_im": _vector(factors.im),
    }


def _bounds(setup: Setup, patch: Pair, mean_exit_power: float) -> dict[str, Value]:
    """Powers, dose and the scales of fields and intensities."""
    exit_ = setup.forward.exit_wave(patch)
    power = float(torch.cumsum(physics.row_power(exit_).flatten(), dim=0)[-1])
    bound = float(torch.cumsum(physics.modulus_sums(exit_).flatten(), dim=0)[-1])
    side, dose = float(setup.scan.patch_px), setup.dose(mean_exit_power)
    return {
        "exit_power": power,
        "mean_exit_power": mean_exit_power,
        "nphotons": float(setup.nphotons),
        "dose_factor": dose,
        "field_bound": bound,
        "intensity_bound": (bound * bound) / (side * side),
        "count_bound": (dose * dose) * ((bound * bound) / (side * side)),
    }


def _row(j: int, mode: int, row: int, patch: Pair, s: ModeSteps) -> Iterator[Record]:
    if mode == 0:
        values: dict[str, Value] = {"patch_re": _vector(patch.re[0, row]), "patch_im": _vector(patch.im[0, row])}
        yield Record("PATCH", {"pos": j, "row": row}, values)
    values = {"probe_re": _vector(s.probe.re[row]), "probe_im": _vector(s.probe.im[row])}
    yield Record("PROBE", {"mode": mode, "row": row}, values)
    index = {"pos": j, "mode": mode, "row": row}
    values = {"exit_re": _vector(s.exit.re[row]), "exit_im": _vector(s.exit.im[row])}
    yield Record("EXIT", index, values | {"row_power": float(s.row_power[row])})
    yield Record(
        "ROW",
        index,
        {
            "row_sum_re": float(s.row_sums.re[row, 0]),
            "row_sum_im": float(s.row_sums.im[row, 0]),
            "term_re": float(s.terms.re[0, 0, row]),
            "term_im": float(s.terms.im[0, 0, row]),
            "field_re": float(s.fields.re[0, 0, row]),
            "field_im": float(s.fields.im[0, 0, row]),
        },
    )


def _closing(setup: Setup, j: int, slow: int, fast: int, intensity: Tensor, dose: float) -> dict[str, Value]:
    expected = physics.expected_count(intensity, dose)
    closing: dict[str, Value] = {"intensity": float(intensity), "amplitude": float(physics.square_root(intensity))}
    closing["is_measured"] = int(setup.scan.measured(j)[slow, fast])
    if closing["is_measured"]:
        measured = setup.steps.measured_count(setup.scan, j, slow, fast)
        wide = torch.tensor(measured, dtype=torch.float64)
        closing["measured_count"] = measured
        closing["deviance"] = float(setup.steps.deviance(expected.to("cpu", torch.float64), wide, library_log))
    return closing | {"expected_count": float(expected)}


def library_log(values: Tensor) -> Tensor:
    """ln by the C library, value by value: torch's own differs in the last bit."""
    logs = [math.log(v) if v > 0.0 else -math.inf for v in values.reshape(-1).tolist()]
    return torch.tensor(logs, dtype=values.dtype).reshape(values.shape)


# ----------------------------------------------------------------------------------------------------- a canvas pixel


def trace_canvas(job: Job, slow: int, fast: int, case: str = "none") -> Trace:
    """Everything between the patches and one pixel of the canvas.

    Raises:
        InputError: the canvas has no such pixel.
    """
    frame, setup = frame_of(job), job.setup
    if not (0 <= slow < frame.rows and 0 <= fast < frame.cols):
        raise InputError(f"-trace_canvas {slow} {fast} is outside the canvas of {frame.rows} x {frame.cols}")
    header: dict[str, Value] = {
        "canvas_row0": frame.row0,
        "canvas_col0": frame.col0,
        "canvas_rows": frame.rows,
        "canvas_cols": frame.cols,
        "n_positions": setup.scan.n_positions,
        "patch_px": setup.scan.patch_px,
        "interpolation": setup.interpolation,
        "weighting": job.weighting_used,
        "origin_x_px": float(frame.origin_x_px),
        "origin_y_px": float(frame.origin_y_px),
        "den_epsilon": job.epsilon,
    }
    trace = Trace(_identity(setup, case, (slow, fast)) | header)
    placed: set[int] = set()

    def watch(touched: Touched) -> None:
        row, col = slow - touched.row, fast - touched.col
        if not (0 <= row < setup.scan.patch_px and 0 <= col < setup.scan.patch_px):
            return
        if touched.position not in placed:
            placed.add(touched.position)
            trace.records.append(_place(touched.position, touched.place))
        number = 1 + sum(record.name == "TOUCH" for record in trace.records)
        trace.records.append(_touch(touched, number, row, col, (slow, fast)))

    stitched = stitch(job, watch)
    trace.closing = {
        "den_max": stitched.den_max,
        "covered": int(stitched.covered[slow, fast]),
        "canvas_re": float(stitched.values.re[slow, fast]),
        "canvas_im": float(stitched.values.im[slow, fast]),
    }
    return trace


def _touch(touched: Touched, number: int, row: int, col: int, at: tuple[int, int]) -> Record:
    values: dict[str, Value] = {
        "touch": number,
        "patch_row": row,
        "patch_col": col,
        "corner_weight": float(touched.place.weights[touched.corner]),
        "pixel_weight": float(touched.weights.pixel[row, col]),
        "count_weight": float(touched.weights.counted[row, col]),
        "value_re": float(touched.patch.re[row, col]),
        "value_im": float(touched.patch.im[row, col]),
        "num_re": float(touched.canvas.num.re[at]),
        "num_im": float(touched.canvas.num.im[at]),
        "den": float(touched.canvas.den[at]),
    }
    return Record("TOUCH", {"pos": touched.position, "corner": touched.corner}, values)
