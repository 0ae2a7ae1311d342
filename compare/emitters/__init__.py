"""What other programs need to write traces: ``trace_emit.h`` for C and C++, ``trace_emit.py`` for Python.

Both files stand alone, to be copied into the program that is instrumented; nothing here imports `compare`.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
C_HEADER = FOLDER / "trace_emit.h"
PYTHON_MODULE = FOLDER / "trace_emit.py"
C_EXAMPLE = FOLDER / "orbit.c"
PYTHON_EXAMPLE = FOLDER / "orbit.py"
EXAMPLE_VOCABULARY = FOLDER / "orbit.toml"
