"""The two programs as the engine runs them: the C program (or a user's binary in its place), and the PyTorch port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.case import Section
from harness.errors import ProgramFailed, WrongUse
from harness.questions.traced import Trace, Traced
from harness.running.computing import Computing
from harness.running.scratch import Prepared
from harness.subject import Ran
from subjects.nanobragg import port, reference
from subjects.nanobragg.image_output import experiment_of, read_artifacts
from subjects.nanobragg.reference import Reference, pixel_words, run_case, split_traces, trace_pixels


@dataclass(frozen=True)
class CProgram:
    """The reference."""

    program: Reference
    timeout_s: float | None = None
    side: str = "c"
    title: str = "the C program"

    def facts(self) -> Mapping[str, Any]:
        """Path and hash."""
        threads = {} if self.program.own else {"reference_OMP_NUM_THREADS": self.program.threads}
        return {"reference_program": str(self.program.path), "reference_sha256": self.program.sha256, **threads}

    def modes(self, modes: Sequence[str]) -> Sequence[str]:
        """All, or c-parity alone of another program that ignores ``-defects``."""
        return modes if reference.switches_defects(self.program, self.timeout_s) else modes[:1]

    def environment(self) -> Mapping[str, str | None]:
        """Always the same."""
        return {"dtype": "float64", "requested": "cpu"}

    def run(self, prepared: Prepared, sections: Sequence[Section]) -> Ran:
        """Images and traces; of the project's own program in one run."""
        own = self.program.own
        try:
            with prepared.scratch() as folder:
                words = ("-case", prepared.case.name, *pixel_words(sections)) if own else ()
                runs = run_case(self.program, prepared, folder, words, timeout_s=self.timeout_s)
                artifacts = read_artifacts(experiment_of(prepared, folder), folder, runs[-1].stdout)
        except WrongUse as error:
            return Ran(refusal=str(error))
        except ProgramFailed as error:
            if prepared.case.fails:
                return Ran(refusal=str(error), states_reason=False)
            raise
        if own:
            texts = split_traces(self.program, runs[-1], sections) if sections else {}
        else:
            more, texts = trace_pixels(self.program, prepared, sections, timeout_s=self.timeout_s)
            runs = runs + more
        return Ran(artifacts, as_traces(texts), runs)

    def trace(self, prepared: Prepared, sections: Sequence[Section]) -> Traced:
        """The traces alone, refused when another program than the project's ignored ``-defects``."""
        return reference.traced(self.program, prepared, sections, timeout_s=self.timeout_s)


@dataclass(frozen=True)
class Port:
    """The port."""

    computing: Computing
    side: str = "py"
    title: str = "the PyTorch port"

    def facts(self) -> Mapping[str, Any]:
        """Nothing: it is part of the project."""
        return {}

    def modes(self, modes: Sequence[str]) -> Sequence[str]:
        """All."""
        return modes

    def environment(self) -> Mapping[str, str | None]:
        """As asked for. torch is loaded: the workers used it, and its facts are asked of this process."""
        import torch  # noqa: F401

        return {"dtype": self.computing.dtype, "requested": self.computing.device}

    def run(self, prepared: Prepared, sections: Sequence[Section]) -> Ran:
        """Images and traces, from one simulator."""
        from simulator.errors import InputError

        try:
            with prepared.scratch() as folder:
                port.run_setup(prepared, folder, self.computing)
                experiment = port.read_case(prepared, folder)
                rendered = port.render(experiment, folder, self.computing)
                texts = port.trace_pixels(rendered.simulator, sections)
                device = str(rendered.simulator.device)
                artifacts = read_artifacts(experiment, folder, "\n".join(rendered.printed()))
                return Ran(artifacts, as_traces(texts), device=device)
        except InputError as error:
            return Ran(refusal=str(error))

    def trace(self, prepared: Prepared, sections: Sequence[Section]) -> Traced:
        """The traces alone, with the time of each phase."""
        return port.traced(prepared, sections, self.computing)


def as_traces(texts: Mapping[Section, str]) -> dict[Section, Trace]:
    """Traces of the texts that a program printed."""
    return {section: Trace(text) for section, text in texts.items()}
