"""The library of kernels that are compiled once and kept for later processes (on the CPU)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from simulator.evaluation.kernels import background
from simulator.evaluation.kernels.ahead_of_time import Kernel, KernelRefused, compiled_ahead
from simulator.evaluation.kernels.files import KernelFiles
from simulator.evaluation.kernels.request import Request

log = logging.getLogger("simulator.kernels")


class KeptKernels:
    """Kernels found in files or, where that is wished, compiled now. What is not there is evaluated as it stands.

    A kernel is compared with its formulas on the first call of its kind, in every process: let that be a small one.

    Args:
        files: where they are kept.
    """

    def __init__(self, files: KernelFiles) -> None:
        self._files = files
        self._kernels: dict[tuple[Any, ...], Kernel | None] = {}
        self.missing: list[Request] = []
        """A request of each kind that has no kernel."""

    def evaluate(self, request: Request) -> Any:
        """The request's result, by a kernel where there is one."""
        if request.kind not in self._kernels:
            self._kernels[request.kind] = self._found(request)
        kernel = self._kernels[request.kind]
        tensors = request.tensors
        return request.evaluate(tensors) if kernel is None else kernel(tensors)

    def _found(self, request: Request) -> Kernel | None:
        kept = self._files.find(request.key)
        if kept is not None:
            try:
                return Kernel(kept, request)
            except KernelRefused as refusal:
                log.warning("%s; it is discarded", refusal)
                self._files.discard(request.key)
        self.missing.append(request)
        return None

    def build(self, report: Callable[[str], None] = log.info) -> None:
        """Compile all that is missing.

        Args:
            report: told what is being done.

        Raises:
            KernelRefused: one of them cannot be compiled, or computes something else.
            OSError: they cannot be kept.
        """
        while self.missing:
            request = self.missing[0]
            report(f"compiling a kernel of the pixel sum ({len(self.missing)} to do; once a machine)")
            self._kernels[request.kind] = Kernel(compiled_ahead(request, self._files), request)
            del self.missing[0]

    def build_in_background(self) -> int:
        """Have a process of its own compile all that is missing; returns how many kernels that nobody else is at."""
        return background.build_in_background(self.missing, self._files) if self.missing else 0
