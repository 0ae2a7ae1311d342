from __future__ import annotations

import numpy as np
import pytest

from compare.words.formulas import parse


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("x * y / 2", {"x": [3.0], "y": [4.0]}, [6.0]),
        ("-x ** 2", {"x": [3.0]}, [-9.0]),
        ("unit(v)", {"v": [3.0, 0.0, 4.0]}, [0.6, 0.0, 0.8]),
        ("[dot(R.u, v), v[1]]", {"R.u": [1.0, 2.0, 3.0], "v": [1.0, 1.0, 1.0]}, [6.0, 1.0]),
        ("cross(u, v)", {"u": [1.0, 0.0, 0.0], "v": [0.0, 1.0, 0.0]}, [0.0, 0.0, 1.0]),
        ("~ norm(v) * s", {"v": [3.0, 4.0], "s": [2.0]}, [10.0]),
        ("(u + v) / s", {"u": [1.0, 2.0], "v": [3.0, 4.0], "s": [2.0]}, [2.0, 3.0]),
    ],
)
def test_a_formula_is_arithmetic_on_names(text: str, values: dict[str, list[float]], expected: list[float]) -> None:
    formula = parse(text)
    assert set(formula.names) == set(values)
    made = formula.evaluate({name: np.array(value) for name, value in values.items()})
    assert made is not None
    assert made.tolist() == pytest.approx(expected, rel=1e-15)
    assert formula.proportional is text.startswith("~")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "x.y.z",
        "open(x)",
        "dot(x)",
        "x if y else z",
        "lambda: 1",
        "x[y]",
        "'word'",
        "x +",
        "unit(v=1)",
    ],
)
def test_what_is_more_than_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="formula"):
        parse(text)


def test_a_long_formula_is_refused() -> None:
    with pytest.raises(ValueError, match="letters"):
        parse("+".join(["x"] * 400))


def test_shapes_that_a_log_got_wrong_give_no_value() -> None:
    assert parse("dot(u, v)").evaluate({"u": np.array([1.0, 2.0]), "v": np.array([1.0, 2.0, 3.0])}) is None
    assert parse("v[5]").evaluate({"v": np.array([1.0, 2.0])}) is None
