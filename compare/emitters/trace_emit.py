"""Write intermediate values in the trace format. One module, standard library only: copy it where you need it.

    trace = emitter(stream, side="PY")              # on=False: an object that does nothing and is false
    trace.value("trace_format", 1)                  # TRACE_PY: trace_format 1
    trace.pixel(685, 1039)                          # TRACE_PY: pixel 685 1039          (slow, fast)
    trace.section(epoch=3, row=(5, 6))              # TRACE_PY_SECTION epoch=3 row=5,6  (any names)
    trace.value("start_m", [0.0, 0.0, 1.0])         # TRACE_PY: start_m 0.0 0.0 1.0
    trace.record("STEP", {"step": 3}, flux=x)       # TRACE_PY_STEP step=3 flux=0.15548207271956166

The first time that a name is written, a line ``TRACE_PY_AT name=STEP.flux at=model.py line=123`` says where in the
source (not with ``places=False``). Floats are written in the shortest form that reads back to the same bits. Arrays
and tensors are accepted as they are (whatever has ``tolist``). ``if trace:`` around costly arguments makes an emitter
that is off free.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, TextIO

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD = re.compile(r"[^\s,=]+")


class Emitter:
    """Writes to ``stream`` (text), one whole line a call. Raises ``ValueError`` for what no reader could read."""

    def __init__(self, stream: TextIO, side: str = "PY", *, places: bool = True) -> None:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", side):
            raise ValueError(f"the side must be a word of letters and digits, such as PY; it is {side!r}")
        self._stream, self._side, self._places = stream, side, places
        self._placed: set[str] = set()

    def __bool__(self) -> bool:
        return True

    def value(self, name: str, value: Any) -> None:
        """One quantity: ``TRACE_PY: name value [value value]``."""
        line = f"TRACE_{self._side}: {_name(name)} {' '.join(_texts(value))}\n"
        self._place([name])
        self._stream.write(line)

    def pixel(self, slow: int, fast: int) -> None:
        """The lines that follow belong to this pixel."""
        self._stream.write(f"TRACE_{self._side}: pixel {int(slow)} {int(fast)}\n")

    def section(self, **parts: int | Sequence[int]) -> None:
        """The lines that follow belong to this part of the run, told apart by integers with names."""
        texts = {_name(name): _integers(name, numbers) for name, numbers in parts.items()}
        stated = " ".join(f"{name}={','.join(numbers)}" for name, numbers in texts.items())
        self._stream.write(f"TRACE_{self._side}_SECTION {stated}\n")

    def record(self, record: str, indices: Mapping[str, int], **values: Any) -> None:
        """One evaluation: ``TRACE_PY_RECORD index=0 ... name=value name=x,y,z``."""
        keys = [f"{_name(key)}={int(index)}" for key, index in indices.items()]
        parts = [f"{_name(name)}={','.join(_texts(value))}" for name, value in values.items()]
        line = " ".join([f"TRACE_{self._side}_{_name(record)}", *keys, *parts]) + "\n"
        self._place(f"{record}.{name}" for name in values)
        self._stream.write(line)

    def _place(self, names: Iterable[str]) -> None:
        """Where the caller stands, for names that are written for the first time."""
        new = [name for name in names if name not in self._placed] if self._places else []
        if not new:
            return
        self._placed.update(new)
        caller = sys._getframe(2)
        file = PurePath(caller.f_code.co_filename).name
        if _WORD.fullmatch(file):
            place = f"at={file} line={caller.f_lineno}"
            self._stream.writelines(f"TRACE_{self._side}_AT name={name} {place}\n" for name in new)


class _Off(Emitter):
    """Does nothing. False, so that ``if trace:`` skips the work of preparing values too."""

    def __init__(self) -> None:
        pass

    def __bool__(self) -> bool:
        return False

    def value(self, name: str, value: Any) -> None:
        pass

    def pixel(self, slow: int, fast: int) -> None:
        pass

    def section(self, **parts: int | Sequence[int]) -> None:
        pass

    def record(self, record: str, indices: Mapping[str, int], **values: Any) -> None:
        pass


OFF = _Off()


def emitter(stream: TextIO | None, side: str = "PY", *, on: bool = True, places: bool = True) -> Emitter:
    """An emitter for ``stream``; :data:`OFF` without a stream or with the one switch, ``on``, set to False."""
    return Emitter(stream, side, places=places) if on and stream is not None else OFF


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"a name must be an identifier; it is {name!r}")
    return name


def _integers(name: str, numbers: int | Sequence[int]) -> list[str]:
    texts = _texts(numbers)
    if not all(re.fullmatch(r"-?\d+", text) for text in texts):
        raise ValueError(f"a section is told apart by integers; {name} is {numbers!r}")
    return texts


def _texts(value: Any) -> list[str]:
    """The value's components as written. An array of any shape is flattened, last axis fastest."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        texts = [text for component in value for text in _texts(component)]
        if not texts:
            raise ValueError("a quantity needs a value; an empty sequence was given")
        return texts
    if isinstance(value, bool | int):
        return [str(int(value))]
    if isinstance(value, float):
        return [float.__repr__(value)]
    if isinstance(value, str) and _WORD.fullmatch(value):
        return [value]
    raise ValueError(
        "a value is an integer, a float, a word without white space, comma or equals sign, or a sequence "
        f"of them; it is {value!r}"
    )
