"""Traces of programs that nobody instrumented.

A *captured value* is what one source line stored into one named variable at one moment. Both sides give the same type,
so that pairing, forcing and the pages know no language:

- `Site`: where in the source, once per place: ``name`` (``run.polar``, ``ap``), ``function``, ``file``, ``line``,
  ``kind`` (store, initial, written by a callee, returned, parameter), ``components`` (``x``, ``y``, ``z`` of a struct,
  ``0`` ``1`` ... of an array; one empty name for a number), ``type``, what it ``reads`` and which variable it is
  (``target``), both as keys of a def-use graph.
- `Values`: all that the site stored, in columns: ``indices`` (one named loop counter a column, outermost first, those
  of the callers before those of the function), ``elements`` (subscripts, as evaluated), ``values`` (one column a
  component), ``order`` (place in the run), ``section`` (which selected point, -1 outside the selected loop).
- `CapturedTrace`: the program's name, the sections' keys, sites and their values; `capture.text` writes it in the
  trace format.

``capture.c`` gets one from a C program (source to source), ``capture.python`` from a Python program (import hook),
``capture.debugger`` from a binary with debug information. ``capture.pairing`` says which names are the same quantity,
``capture.forcing`` which step is to blame, ``capture.noise`` what rounding alone does.
"""

from capture.errors import CaptureError, NotDeterministic, NotHarmless
from capture.trace import CapturedTrace, Site, Values

__all__ = ["CaptureError", "CapturedTrace", "NotDeterministic", "NotHarmless", "Site", "Values"]
