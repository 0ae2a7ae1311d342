"""Which bound value was made from which, seen in the dispatch log: every operation on tensors passes here."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator
from functools import partial
from types import TracebackType
from typing import Any

from capture.python.numbers import is_tensor
from capture.python.recorder import Recorder


class DispatchGraph:
    """A context in which it is noted which bound tensors a bound tensor was computed from, by place in the run.

    The mode is entered as soon as the program has imported torch: a program without it has no dispatch log.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.sources: dict[int, frozenset[int]] = {}
        self.alive: dict[int, Any] = {}
        self._mode: Any = None

    def __enter__(self) -> DispatchGraph:
        self.recorder.named = self.named
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.recorder.named = None
        if self._mode is not None:
            self._mode.__exit__(kind, error, trace)
            self._mode = None

    def named(self, order: int, tensor: Any) -> None:
        """A tensor was bound to a name: it is made from what its operations read."""
        if self._mode is None:
            self._mode = _mode(self)
            self._mode.__enter__()
        self.recorder.made += [(order, source) for source in self.sources.get(id(tensor), ())]
        self._keep(tensor, frozenset({order}))

    def operation(self, inputs: Iterator[Any], outputs: Iterator[Any]) -> None:
        sources: frozenset[int] = frozenset()
        for tensor in inputs:
            sources |= self.sources.get(id(tensor), frozenset())
        for tensor in outputs:
            self._keep(tensor, sources | self.sources.get(id(tensor), frozenset()))

    def _keep(self, tensor: Any, sources: frozenset[int]) -> None:
        key = id(tensor)
        if key not in self.alive:
            self.alive[key] = weakref.ref(tensor, partial(self._forget, key))
        self.sources[key] = sources

    def _forget(self, key: int, _: Any) -> None:
        self.sources.pop(key, None)
        self.alive.pop(key, None)


def tensors(value: Any) -> Iterator[Any]:
    """The tensors in the arguments or results of an operation."""
    if is_tensor(value):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from tensors(item)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


def _mode(graph: DispatchGraph) -> Any:
    """The dispatch mode, made once torch is there."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Mode(TorchDispatchMode):  # type: ignore[misc, unused-ignore]
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            result = function(*args, **kwargs)
            graph.operation(tensors([args, kwargs]), tensors(result))
            return result

    assert "torch" in sys.modules
    return Mode()
