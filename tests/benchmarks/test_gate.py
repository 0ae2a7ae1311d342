"""The gate's cells cover every pair of levels, and an image is judged by what the maintainers ask."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from benchmarks.gate import DTYPES, PROGRAM, gate, judged, read_specification
from harness.campaign.covering import covering_array, filled_up, pairs_of


@pytest.mark.parametrize("levels", [(2, 2), (3, 2, 4), (5, 4, 4, 3, 3, 2, 2)])
def test_every_pair_of_levels_occurs(levels: tuple[int, ...]) -> None:
    axes = {f"axis{i}": [f"level{j}" for j in range(n)] for i, n in enumerate(levels)}
    cells = covering_array(axes, seed=3)
    wanted = {
        ((one, a), (other, b)) for one, other in combinations(sorted(axes), 2) for a in axes[one] for b in axes[other]
    }
    assert set().union(*map(pairs_of, cells)) == wanted
    largest = sorted(levels)[-2:]
    assert len(cells) <= 2 * largest[0] * largest[1]
    assert cells == covering_array(axes, seed=3)


@pytest.mark.parametrize("axes", [{}, {"one": ["a"]}, {"one": ["a"], "two": []}])
def test_axes_that_have_no_pairs_are_refused(axes: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="at least two axes"):
        covering_array(axes, seed=1)


def test_an_array_is_filled_up_with_other_cells() -> None:
    axes = {"one": ["a", "b", "c"], "two": ["x", "y"]}
    few = [{"one": "a", "two": "x"}]
    filled = filled_up(few, axes, 4, seed=1)
    assert len({tuple(cell.items()) for cell in filled}) == 4
    assert filled[0] == few[0]
    assert len(filled_up(few, axes, 100, seed=1)) == 6


def test_the_specification_has_ten_axes_and_320_different_cells() -> None:
    specification = read_specification()
    assert len(specification.axes) >= 10
    assert len({tuple(specification.argv(cell)) for cell in specification.cells}) == 320
    levels = {axis: list(words) for axis, words in specification.axes.items()}
    covered = set().union(*map(pairs_of, specification.cells[: specification.n_covering]))
    assert len(covered) == sum(len(levels[a]) * len(levels[b]) for a, b in combinations(levels, 2))


def test_an_image_passes_by_correlation_and_sum() -> None:
    image = np.random.default_rng(1).random(1000).astype(np.float32)
    assert judged(image, image).gate
    assert judged(image, image).bits_equal
    brighter = judged(image, (image * np.float32(1.002)).astype(np.float32))
    assert not brighter.gate
    assert brighter.correlation > 0.9999
    noisy = judged(image, image + np.random.default_rng(2).normal(0, 0.02, 1000).astype(np.float32))
    assert not noisy.gate
    dark = np.zeros(4, np.float32)
    assert judged(dark, dark).gate
    assert not judged(dark, dark + np.float32(1)).gate


def test_the_first_cells_are_equal_bit_by_bit_in_float64() -> None:
    assert PROGRAM.exists(), "the C program is not built: make reference"
    found = gate(n_cells=2, say=lambda line: None)
    assert set(found["dtypes"]) == set(DTYPES)
    assert found["dtypes"]["float64"]["bits_equal"] == found["cells"] == 2
    assert found["dtypes"]["mixed"]["passed"] == 2
