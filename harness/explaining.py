"""``harness explain``: two traces compared with replays, what each step at fault costs, which defect explains it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from compare.result import Cause, Comparison, Verdict
from compare.traces import compare_logs
from compare.vocabulary import Vocabulary
from harness.case import Case, Pixel
from harness.choices import with_words
from harness.scratch import prepare
from simulator.defects import NAMES, Defects
from simulator.errors import InputError
from subjects.nanobragg.port import Computing, make_simulator, read_case, run_setup
from subjects.nanobragg.replay.counterfactual import Counterfactual, counterfactuals
from subjects.nanobragg.replay.replays import Replaying, replays_for

if TYPE_CHECKING:
    from simulator import Simulator

StatedDigits = tuple[int | None, int | None]


@dataclass(frozen=True)
class Trial:
    """The port run with one defect switched: does that restore parity with the reference?"""

    defect: str
    on: bool
    verdict: Verdict | None
    """None: the port refuses the command line so."""

    @property
    def restores(self) -> bool:
        """Whether the port so switched computes what the reference does."""
        return self.verdict is Verdict.PARITY

    def __str__(self) -> str:
        return f"turning {self.defect} {'on' if self.on else 'off'} in the port"


@dataclass(frozen=True)
class Explanation:
    """A comparison with replays and what follows from them."""

    comparison: Comparison
    counterfactuals: Sequence[Counterfactual] = ()
    trials: Sequence[Trial] = ()

    @property
    def exit_code(self) -> int:
        """That of the comparison."""
        return self.comparison.exit_code


def port_of(case: Case, data: Path | None, computing: Computing = Computing("cpu")) -> Simulator:
    """The port, ready to compute a case."""
    prepared = prepare(case, data)
    with prepared.scratch() as folder:
        run_setup(prepared, folder, computing)
        return make_simulator(read_case(prepared, folder), computing)


def explain(
    a: Sequence[str],
    b: Sequence[str],
    simulator: Simulator | None = None,
    vocabulary: Vocabulary | None = None,
    pixel: Pixel | None = None,
    digits: StatedDigits = (None, None),
) -> Explanation:
    """Compare the reference's log(s) with the port's, with replays, and weigh each step at fault.

    Args:
        a: files of the reference.
        b: files of the program under test.
        simulator: the port on the case that both are of; None replays from the traces alone.
        vocabulary: names of another program.
        pixel: which pixel both are of, where the logs do not say so.
        digits: how many significant digits each side prints, where that is stated.
    """
    comparison, replayings = with_replays(a, b, simulator, vocabulary, pixel, digits)
    return Explanation(comparison, counterfactuals(comparison, replayings))


def with_replays(
    a: Sequence[str],
    b: Sequence[str],
    simulator: Simulator | None = None,
    vocabulary: Vocabulary | None = None,
    pixel: Pixel | None = None,
    digits: StatedDigits = (None, None),
) -> tuple[Comparison, list[Replaying]]:
    """The comparison with origins established by replays, and both sides replayed."""
    aligned = compare_logs(a, b, vocabulary=vocabulary, digits=digits)
    if not aligned.pairs:
        return aligned, []
    replays, replayings = replays_for(aligned, simulator, pixel)
    return compare_logs(a, b, vocabulary=vocabulary, replays=replays, digits=digits), replayings


def compare_texts(
    text_a: str,
    text_b: str,
    simulator: Simulator | None = None,
    *,
    pixel: Pixel | None = None,
    weigh: bool = True,
    digits: StatedDigits = (None, None),
) -> Explanation:
    """``explain`` for traces held as text; without ``weigh`` nobody asks what each step at fault costs."""
    with tempfile.TemporaryDirectory(prefix="harness_explain_") as folder:
        paths = [Path(folder) / name for name in ("a.log", "b.log")]
        for path, text in zip(paths, (text_a, text_b), strict=True):
            path.write_text(text, "utf-8")
        sides = [str(paths[0])], [str(paths[1])]
        if weigh:
            return explain(*sides, simulator, pixel=pixel, digits=digits)
        return Explanation(with_replays(*sides, simulator, pixel=pixel, digits=digits)[0])


# ---- defects ----------------------------------------------------------------------------------------------------


def try_defects(explanation: Explanation, text_a: str, case: Case, pixel: Pixel, data: Path | None) -> Explanation:
    """Switch each named defect of the port in turn and compare with the reference again.

    Args:
        explanation: what the comparison found; one of parity is returned as it is.
        text_a: the reference's trace of the pixel.
        case: what both programs were run on.
        pixel: which one.
        data: where input files are looked for.
    """
    if explanation.comparison.verdict is Verdict.PARITY:
        return explanation
    base = defects_of(case)
    trials = [_trial(name, base, text_a, case, pixel, data) for name in NAMES]
    restoring = next((trial for trial in trials if trial.restores), None)
    comparison = explanation.comparison
    if restoring is not None:
        comparison = _labelled(comparison, restoring)
    return replace(explanation, comparison=comparison, trials=trials)


def defects_of(case: Case) -> Defects:
    """Which defects a case's command line leaves on."""
    argv = case.argv
    at = [i for i, word in enumerate(argv[:-1]) if word == "-defects"]
    return Defects.parse(argv[at[-1] + 1]) if at else Defects()


def without_defect_words(case: Case) -> Case:
    """The case with no ``-defects`` on its command lines."""
    return replace(case, argv=_without(case.argv), setup=tuple(_without(line) for line in case.setup))


def _without(argv: Sequence[str]) -> tuple[str, ...]:
    kept: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "-defects":
            next(words, None)
        else:
            kept.append(word)
    return tuple(kept)


def _trial(name: str, base: Defects, text_a: str, case: Case, pixel: Pixel, data: Path | None) -> Trial:
    on = name not in base
    switched = base.switched({name: on})
    try:
        port = port_of(with_words(without_defect_words(case), ("-defects", str(switched))), data)
        text = "\n".join(port.trace(*pixel).lines()) + "\n"
    except InputError:
        return Trial(name, on, None)
    return Trial(name, on, compare_texts(text_a, text, port, pixel=pixel, weigh=False).comparison.verdict)


def _labelled(comparison: Comparison, trial: Trial) -> Comparison:
    """The comparison with the defect as the cause of the first step at fault."""
    first = comparison.first_origin or comparison.first_divergence
    if first is None:
        return comparison
    seen = f"; it looks like {first.cause.label}" if first.cause and first.cause.label != "unknown" else ""
    cause = Cause(trial.defect, f"{trial} restores parity{seen}")
    pairs = [replace(pair, cause=cause) if pair is first else pair for pair in comparison.pairs]
    return replace(comparison, pairs=pairs)
