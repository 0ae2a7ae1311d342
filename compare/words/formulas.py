"""Formulas of steps, as data: arithmetic on the traced inputs of a step, evaluated without running any program.

A formula is trusted only where it gives the values that a log itself prints. The language is arithmetic with names,
components (``hkl[0]``), lists and the functions of FUNCTIONS; nothing else of Python is accepted.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
MOST_LETTERS = 500


def _unit(vector: Array) -> Array:
    length = np.linalg.norm(vector)
    return np.asarray(vector / length)


FUNCTIONS: Mapping[str, Callable[..., Array]] = {
    "dot": lambda x, y: np.asarray(np.dot(x, y)),
    "cross": lambda x, y: np.asarray(np.cross(x, y)),
    "norm": lambda x: np.asarray(np.linalg.norm(x)),
    "unit": _unit,
    "sqrt": lambda x: np.asarray(np.sqrt(x)),
    "sin": lambda x: np.asarray(np.sin(x)),
    "cos": lambda x: np.asarray(np.cos(x)),
    "exp": lambda x: np.asarray(np.exp(x)),
}
ARGUMENTS = {"dot": 2, "cross": 2}  # all others take one
BINARY: Mapping[type[ast.operator], Callable[[Array, Array], Array]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}


@dataclass(frozen=True)
class Formula:
    """One parsed formula. ``names`` are the quantities it reads; with ``proportional`` a constant factor is free."""

    text: str
    names: tuple[str, ...]
    proportional: bool
    _tree: ast.expr

    def evaluate(self, values: Mapping[str, Array]) -> Array | None:
        """The step's value (a vector, or one number as a vector of one), None where it is not defined."""
        try:
            with np.errstate(all="ignore"):
                result = np.atleast_1d(np.asarray(_value(self._tree, values), dtype=np.float64)).ravel()
        except (IndexError, ValueError, OverflowError, ZeroDivisionError):  # shapes that the logs got wrong
            return None
        return result


def parse(text: str) -> Formula:
    """Parse ``expression`` or ``~ expression`` (known up to a constant factor).

    Raises ValueError for anything that is no arithmetic on names.
    """
    if len(text) > MOST_LETTERS:
        raise ValueError(f"a formula of at most {MOST_LETTERS} letters was required, {len(text)} came")
    body = text.strip()
    proportional = body.startswith("~")
    try:
        tree = ast.parse(body.lstrip("~ "), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"cannot read the formula {text!r}") from error
    names: dict[str, None] = {}
    _check(tree, text, names)
    return Formula(text, tuple(names), proportional, tree)


def _name(node: ast.AST) -> str | None:
    """``name`` or ``RECORD.name``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None


def _check(node: ast.AST, text: str, names: dict[str, None]) -> None:
    """Only arithmetic; collects the names that are read."""
    name = _name(node)
    if name is not None:
        names[name] = None
    elif isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        _check(node.left, text, names)
        _check(node.right, text, names)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        _check(node.operand, text, names)
    elif isinstance(node, ast.List):
        for element in node.elts:
            _check(element, text, names)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and type(node.slice.value) is int:
        _check(node.value, text, names)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        if node.keywords or len(node.args) != ARGUMENTS.get(node.func.id, 1):
            raise ValueError(f"{node.func.id} of the formula {text!r} has {len(node.args)} arguments")
        for argument in node.args:
            _check(argument, text, names)
    elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise ValueError(f"the formula {text!r} is more than arithmetic; known functions are {', '.join(FUNCTIONS)}")


def _value(node: ast.AST, values: Mapping[str, Array]) -> Array:
    name = _name(node)
    if name is not None:
        held = values[name]
        return held[0] if held.shape == (1,) else held
    if isinstance(node, ast.BinOp):
        return BINARY[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.UnaryOp):
        return np.negative(_value(node.operand, values))
    if isinstance(node, ast.List):
        return np.array([_value(element, values) for element in node.elts])
    if isinstance(node, ast.Subscript):
        assert isinstance(node.slice, ast.Constant)
        return np.atleast_1d(_value(node.value, values))[node.slice.value]  # type: ignore[index]
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        return FUNCTIONS[node.func.id](*(_value(argument, values) for argument in node.args))
    assert isinstance(node, ast.Constant)
    return np.asarray(float(node.value))  # type: ignore[arg-type]
