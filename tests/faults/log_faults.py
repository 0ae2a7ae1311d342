"""Faults of a log: the port is sound, and what it printed is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mutations import Fault, components, number, on_line, value_of

NINE_TRANSPOSED = {1: 3, 3: 1, 2: 6, 6: 2, 5: 7, 7: 5}


def _logged(name: str, step: str, label: str, log: Callable[[str], str], case: str = "scan") -> Fault:
    record, _, quantity = step.rpartition(".")
    return Fault(name, (record, quantity), label, case, log=log)


def _lost(name: str, problem: str, log: Callable[[str], str]) -> Fault:
    return Fault(name, None, "", log=log, problem=problem)


def _without(start: str, at: int) -> Callable[[str], str]:
    def changed(text: str) -> str:
        lines = text.split("\n")
        del lines[[i for i, line in enumerate(lines) if line.startswith(start)][at]]
        return "\n".join(lines)

    return changed


def _line(record: str, name: str, change: Callable[[str], str], at: int = 0) -> Callable[[str], str]:
    start = f"TRACE_PY_{record} " if record else f"TRACE_PY: {name} "
    return on_line(start, value_of(name, change), at)


def _stale(record: str, name: str, at: int, of: int) -> Callable[[str], str]:
    """The value at one record is that of another."""

    def changed(text: str) -> str:
        lines = [line for line in text.split("\n") if line.startswith(f"TRACE_PY_{record} ")]
        (word,) = (word for word in lines[of].split(" ") if word.startswith(f"{name}="))
        return _line(record, name, lambda _: word.partition("=")[2], at)(text)

    return changed


LOG_FAULTS = (
    _logged("lattice factor is nan", "DOMAIN.F_latt", "not-a-number", _line("DOMAIN", "F_latt", lambda _: "nan", 2)),
    _logged("final value is nan", "I_pixel_final", "not-a-number", _line("", "I_pixel_final", lambda _: "nan")),
    _logged("sign of stol", "SOURCE.stol_A_inv", "sign", _line("SOURCE", "stol_A_inv", number(lambda x: -x))),
    _logged("wavelength in nm", "SOURCE.lambda_angstroms", "unit",
            _line("SOURCE", "lambda_angstroms", number(lambda x: x / 10), 1)),
    _logged("pixel size in mm", "pixel_size_meters", "unit", _line("", "pixel_size_meters", number(lambda x: x * 1e3))),
    _logged("distance in 32 bits", "SUBPIXEL.R_distance_meters", "float32-rounding",
            _line("SUBPIXEL", "R_distance_meters", number(lambda x: float(np.float32(x))), 1)),
    _logged("radius with few digits", "r_e_sqr", "truncated-constant", _line("", "r_e_sqr", lambda _: "7.94e-30")),
    _logged("one cell more", "N_cells", "off-by-one", _line("", "N_cells", lambda _: "5 6 5")),
    _logged("indices moved along", "DOMAIN.hkl_frac", "shifted-components",
            _line("DOMAIN", "hkl_frac", components({0: 1, 1: 2, 2: 0}), 3)),
    _logged("axis components exchanged", "fdet_vec", "swapped-components",
            _line("", "fdet_vec", components({1: 2, 2: 1}))),
    _logged("matrix transposed", "UMAT.umat", "transposed-components",
            _line("UMAT", "umat", components(NINE_TRANSPOSED), 1), "mosaic"),
    _logged("cell of the step before", "PHI.bp_angstroms", "stale-step", _stale("PHI", "bp_angstroms", 2, 1)),
    _logged("factor of the step before", "DOMAIN.F_latt", "stale-step", _stale("DOMAIN", "F_latt", 2, 1)),
    _logged("rounded index one off", "DOMAIN.hkl_rounded", "off-by-one",
            _line("DOMAIN", "hkl_rounded", lambda text: ",".join(
                str(int(part) + (i == 2)) for i, part in enumerate(text.split(","))), 1)),
    _logged("term of a rounding cut at 7 digits", "DOMAIN.I_term", "unknown",
            _line("DOMAIN", "I_term", lambda text: f"{float(text):.6e}", 4)),
    _lost("a dropped evaluation", "required-missing", _without("TRACE_PY_DOMAIN ", 3)),
    _lost("a dropped line of the header", "required-missing", _without("TRACE_PY: pix0_vector_meters", 0)),
    _lost("a doubled evaluation", "repeated-record",
          on_line("TRACE_PY_DOMAIN ", lambda line: f"{line}\n{line}", 2)),
    _lost("a doubled evaluation with another value", "duplicate-conflict",
          on_line("TRACE_PY_DOMAIN ", lambda line: line + "\n" + line.replace(" F_cell=", " F_cell=1"), 2)),
    _lost("a log cut off between lines", "truncated-log",
          lambda text: text[: text.index("TRACE_PY: I_before_scaling")]),
    _lost("a log cut off within a line", "truncated-log", lambda text: text[: len(text) * 2 // 3]),
)  # fmt: skip
