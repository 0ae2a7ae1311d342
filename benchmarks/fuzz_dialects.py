"""Values in the forms that programs and tools have put them in, for the campaigns of benchmarks.fuzz_verdicts.

A form has ``{side}``, ``{name}``, ``{n}`` (a number of its own) and ``{value}``, or ``{0}`` ``{1}`` ``{2}`` for the
three components of a vector. Each says one changed value; a constant beside it is named ``y``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

PREFIXES = (
    "", "", "", "  ", "\t", "264:", "run.log:291:", "> ", "< ", "+", "-", "   17\t", "c_trace.log-18-", "[rank0] ",
)  # fmt: skip
"""Indentation, and what grep, diff and cat -n put before a line."""

SCALARS = (
    "TRACE_{side}: {name} {value}",
    "TRACE_{side}:{name}={value}",
    "TRACE: {name} = {value}",
    "TRACE_{side}: {name}: {value}",
    "TRACE_{side}: {name} -> {value}",
    "TRACE_{side}: {name} {value} m",
    "TRACE_{side}: {name} = {value} Angstroms",
    "TRACE_{side}: {name} = {value} (deg)",
    "TRACE_{side}: {name} {value}; y 1.5",
    "TRACE_{side}: {name} = {value}, y = 1.5",
    "TRACE_{side}: {name} = tensor({value}, dtype=torch.float64)",
    "TRACE_{side}: {name} np.float64({value})",
    "TRACE_{side}: {name} = Spot(at={value}, y=1.5)",
    "TRACE_{side}:{name}=x:{value} y:1.5",
    "TRACE_{side}: {name} = 2 * y = {value}",
    "TRACE_{side}_SPOT {n}: {name} {value}",
    "TRACE_{side}_SPOT[{n}]: {name} = {value}",
    "TRACE_{side}_TAP4: spot {n} {name} {value} y 1",
    "TRACE_{side}_TAP5: spot={n} {name}={value} y=1.5",
    "TRACE_{side}_DOMAIN i={n} j=0 {name}={value}",
)
VECTORS = (
    "TRACE_{side}: {name} {0} {1} {2}",
    "TRACE_{side}: {name} {0},{1},{2}",
    "TRACE: {name} = [{0}, {1}, {2}]",
    "TRACE: {name} = [{0}, {1}, {2}] |y| = 1.5",
    "TRACE_{side}: {name} = ({0}, {1}, {2})",
    "TRACE_{side}:{name}=[{0} {1} {2}]",
    "TRACE_{side}:{name}=[{0} {1} {2}; 0 0 -0; 0 0 0]",
    "TRACE_{side}: {name} [[{0}, {1}], [{2}, 0.0]]",
    "TRACE_{side}: {name} tensor([{0}, {1}, {2}], dtype=torch.float64)",
    "TRACE_{side}: {name} = array([{0},  {1},  {2}])",
    "TRACE_{side}: {name} = {0} {1} {2} 1/A",
    "TRACE_{side}_SPOT {n}: {name} {0} {1} {2}",
    "TRACE_{side}_TAP5: spot={n} {name}={0} {1} {2} y=1.5",
)


def plain(text: str, _: random.Random) -> str:
    return text


def fortran(text: str, rng: random.Random) -> str:
    """As a Fortran program prints it: D for the exponent's letter, none where the exponent takes three digits."""
    mantissa, _, exponent = f"{float(text):.16E}".partition("E")
    return f"{mantissa}{exponent}" if len(exponent) == 4 else f"{mantissa}{rng.choice('DdE')}{exponent}"


def hexadecimal(text: str, _: random.Random) -> str:
    return float(text).hex()


WRITERS: tuple[Callable[[str, random.Random], str], ...] = (plain, plain, fortran, hexadecimal)


def written(form: str, name: str, number: int, texts: Sequence[str]) -> str:
    """A line with all but ``{side}`` filled in."""
    return form.format("" if not texts else texts[0], *texts[1:], side="{side}", name=name, n=number, value=texts[0])


__all__ = ["PREFIXES", "SCALARS", "VECTORS", "WRITERS", "written"]
