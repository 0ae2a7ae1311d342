"""Results to render: one of each verdict, one with everything in it, one from a hostile log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from compare.judging.coverage import Coverage, Metadatum, SideInfo
from compare.judging.keys import Key, Section
from compare.judging.result import (
    Account,
    Ambiguity,
    Cause,
    Comparison,
    Decision,
    DifferenceClass,
    Leftover,
    Origin,
    Pair,
    Problem,
    ProblemKind,
    Remark,
    Share,
    Side,
    Status,
    Waived,
)

HOSTILE = "</script><img src=x onerror=alert(1)>&|`%:,]]>\n::error::x\x1b[31m\u202e\ud800 @all [a](b)"
HOSTILE_WORDS = ("=cmd()", "-1+cmd()", "@sum", HOSTILE)
N_PHI = 10


def pair(name: str, a: object, b: object, difference: str = "identical", **rest: object) -> Pair:
    key = Key(name, **{field: rest.pop(field) for field in ("record", "indices", "section") if field in rest})  # type: ignore[arg-type]
    return Pair(key, a, b, 0, DifferenceClass(difference), **rest)  # type: ignore[arg-type]


def result(pairs: list[Pair], **rest: object) -> Comparison:
    """A comparison whose counts and coverage fit its pairs."""
    ordered = tuple(replace(each, order=place) for place, each in enumerate(pairs))
    counts = Counter(each.difference for each in ordered)
    leftovers = rest.get("leftovers", ())
    problems = rest.get("problems", ())
    defaults: dict[str, object] = {
        "sides": (SideInfo(("c.log",), 60, 40, 90, 17), SideInfo(("out/py log.log",), 61, 41, 91, 17)),
        "counts": {kind: counts[kind] for kind in DifferenceClass},
        "coverage": Coverage(
            len(ordered),
            sum(each.side is Side.A for each in leftovers),  # type: ignore[attr-defined]
            sum(each.side is Side.B for each in leftovers),  # type: ignore[attr-defined]
            problems=len(problems),  # type: ignore[arg-type]
        ),
    }
    return Comparison(**{**defaults, "pairs": ordered, **rest})  # type: ignore[arg-type]


def phi(tic: int) -> tuple[tuple[str, int], ...]:
    return (("source", 0), ("phi_tic", tic))


def parity() -> Comparison:
    sweep = [
        pair("k_frac", -0.6 - tic / 500, -0.6 - tic / 500, record="PHI", indices=phi(tic), ulps=0.0, absolute=0.0)
        for tic in range(N_PHI)
    ]
    rounding = pair("R_distance_meters", 0.25, 0.25 + 2**-54, "rounding", ulps=1.0, absolute=2**-54)
    return result([pair("detector_pivot", "SAMPLE", "SAMPLE"), rounding, *sweep])


def everything() -> Comparison:
    """Every class, origin, finding and special value."""
    waived = Waived("older build does not normalise", "M. Maintainer", "2031-01-31")
    stale = Cause("phi-carryover", "phi_tic 0 equals phi_tic 9 of the reference")
    pairs = [
        pair(
            "fdet_vec",
            (0.5, -0.0, 1.0),
            (0.51, -0.0, 1.0),
            "divergent",
            ulps=9e13,
            absolute=0.01,
            waived=waived,
            origin=Origin.ORIGIN,
            component=0,
            relative=0.01,
            scale=1.0,
            line_a=4,
            line_b=5,
        ),
        pair("N_cells", (36, 47, 29), (36, 47, 29)),
        pair("crystal_shape", "square", "tophat", "divergent", origin=Origin.UNKNOWN, line_a=9, line_b=9),
    ]
    for tic in range(N_PHI):
        at_fault = tic == 0
        pairs.append(
            pair(
                "F_latt",
                -2.38 + tic / 3,
                -2.38 + tic / 3 + (0.7 if at_fault else 1e-13),
                "divergent" if at_fault else "drift",
                record="PHI",
                indices=phi(tic),
                section=Section.of({"pixel": (685, 1039)}),
                ulps=1.5e15 if at_fault else 300.0,
                absolute=0.7 if at_fault else 1e-13,
                relative=0.29,
                scale=2.4,
                tolerance=1e-15,
                envelope=2e-13,
                local=0.7 if at_fault else 0.0,
                propagated=0.0 if at_fault else 1e-13,
                origin=Origin.ORIGIN if at_fault else Origin.PROPAGATED,
                cause=stale if at_fault else None,
                forked=tic > 7,
                excused=tic > 8,
                line_a=20 + tic,
                line_b=21 + tic,
                unit="1",
                status=Status.REQUIRED,
            )
        )
    pairs += [
        pair(
            "hkl_rounded",
            (-7, -1, -14),
            (-7, 0, -14),
            "divergent",
            record="DOMAIN",
            indices=phi(1),
            decision=Decision(1e-17, 1e-15, True),
            absolute=1.0,
            component=1,
        ),
        pair("F_cell", float("nan"), float("inf"), "divergent", origin=Origin.MIXED, ulps=float("inf")),
        pair(
            "I_pixel_final",
            2.88e-7,
            2.46e-7,
            "divergent",
            origin=Origin.PROPAGATED,
            ulps=9e14,
            absolute=4.2e-8,
            relative=0.146,
            note="1e10 times larger in a",
            name_a="I_final",
            line_a=60,
            line_b=61,
        ),
    ]
    return result(
        pairs,
        leftovers=(
            Leftover(Key("carried_from"), Side.B, (685, 1038), Status.OPTIONAL, 3, 7),
            Leftover(Key("polar"), Side.A, 0.91, Status.REQUIRED, 30, 55),
        ),
        ambiguities=(Ambiguity(Key("omega"), "two candidates"),),
        problems=(
            Problem(ProblemKind.TRUNCATED_LOG, "ends inside a record", Side.B),
            Problem(ProblemKind.REQUIRED_MISSING, "polar is missing", Side.B, Key("polar"), waived),
            Problem(ProblemKind.WAIVER_EXPIRED, "waiver of 'old' ended 2020-01-01"),
        ),
        warnings=(Remark("unit", "scattering_vec_A_inv is 1e10 times larger in a", Key("scattering_vec_A_inv")),),
        metadata=(
            Metadatum("program", "nanobragg_c", "simulator"),
            Metadatum("dtype", None, "float64", Section.of({"pixel": (685, 1039)})),
        ),
        steps={
            "PHI.F_latt": ("DOMAIN.hkl_frac", "N_cells"),
            "DOMAIN.hkl_frac": ("crystal_shape",),
            "I_pixel_final": ("PHI.F_latt", "F_cell"),
            "F_cell": ("DOMAIN.hkl_rounded",),
            "DOMAIN.hkl_rounded": ("DOMAIN.hkl_frac",),
        },
        tolerance_source="packaged noise floors",
        replayed=True,
    )


def hostile() -> Comparison:
    """Every text that a log or a waiver file can bring holds markup, line breaks and control characters."""
    waived = Waived(HOSTILE, HOSTILE, "2031-01-31")
    pairs = [
        pair(
            word,
            word,
            word + "x",
            "divergent",
            record=word,
            indices=((word, 3),),
            origin=Origin.ORIGIN,
            unit=word,
            cause=Cause(word, word),
            note=word,
            name_a=word,
        )
        for word in HOSTILE_WORDS
    ]
    pairs.append(pair(HOSTILE, 1.0, 2.0, "divergent", waived=waived, ulps=4.5e15, absolute=1.0, relative=1.0))
    pairs += [
        pair(HOSTILE, 1.0 * tic, 2.0 * tic, "rounding", record="PHI", indices=((HOSTILE, tic),), ulps=1.0)
        for tic in range(4)
    ]
    return result(
        pairs,
        sides=(SideInfo((HOSTILE,)), SideInfo(("-",))),
        leftovers=(Leftover(Key(HOSTILE), Side.A, HOSTILE, Status.OPTIONAL, 3),),
        ambiguities=(Ambiguity(Key(HOSTILE), HOSTILE),),
        problems=(Problem(ProblemKind.MALFORMED_LINE, HOSTILE, Side.A, Key(HOSTILE)),),
        warnings=(Remark(HOSTILE, HOSTILE),),
        metadata=(Metadatum(HOSTILE, HOSTILE, None),),
        steps={HOSTILE: (HOSTILE, "b"), "b": (HOSTILE,)},
        tolerance_source=HOSTILE,
        account=Account(4, (Share(0, 0.75), Share(3, -0.25, "formula")), 2, 7, 1, (HOSTILE,)),
        cause=Cause("different-input", HOSTILE),
    )


def unresolved() -> Comparison:
    return result([pair("polar", 0.9, 0.8, "divergent", ulps=9e14, absolute=0.1, origin=Origin.UNKNOWN)])


def incomplete() -> Comparison:
    problems = (Problem(ProblemKind.TRUNCATED_LOG, "ends inside a record", Side.A),)
    return result([pair("polar", 0.9, 0.9)], problems=problems)


def omitted() -> Comparison:
    """Divergent pairs exist and none of them was kept."""
    return result([pair("polar", 0.9, 0.9)], omitted={DifferenceClass.DIVERGENT: 3})


def nothing() -> Comparison:
    problems = (Problem(ProblemKind.NO_COMMON_KEYS, "no quantity in common"),)
    return result([], problems=problems)


def accepted() -> Comparison:
    """Parity because a divergence was waived."""
    waived = Waived("known", "M. Maintainer", "2031-01-31")
    return result([pair("polar", 0.9, 0.8, "divergent", ulps=9e14, absolute=0.1, waived=waived, line_b=3)])


SAMPLES: dict[str, Callable[[], Comparison]] = {
    make.__name__: make for make in (parity, everything, hostile, unresolved, incomplete, omitted, nothing, accepted)
}


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest) -> Comparison:
    """Each of the results in turn."""
    return SAMPLES[request.param]()


@pytest.fixture
def samples() -> dict[str, Comparison]:
    """All of them by name."""
    return {name: make() for name, make in SAMPLES.items()}


@pytest.fixture
def hostile_text() -> str:
    return HOSTILE
