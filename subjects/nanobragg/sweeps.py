"""The phi steps of a trace: as a table, and as a file of their own."""

from __future__ import annotations

from compare.folders.document import Table
from harness.questions.traced import Trace

OUTER = ("thick_tic", "sub_s", "sub_f", "source")
"""Loops around that of phi."""
SHOWN = ("phi_deg", "k_frac", "F_latt_b", "F_latt")


def phi_table(trace: Trace) -> Table | None:
    """The PHI records of a trace's first sweep, None where there is one step only."""
    rows = [
        (int(values["phi_tic"]), *(number(values.get(name)) for name in SHOWN))
        for values in trace.records("PHI")
        if all(values.get(index, "0") == "0" for index in OUTER)
    ]
    if len(rows) < 2:
        return None
    return Table(("phi_tic", *SHOWN), tuple(rows), "First sweep, first domain.")


def number(text: str | None) -> float | None:
    """A traced value as a float, None where there is none."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def per_phi_lines(text: str) -> str:
    """The PHI records of a trace, with the ``pixel`` lines that say whose they are."""
    return "".join(line for line in text.splitlines(keepends=True) if "_PHI " in line or ": pixel " in line)
