"""Small scans, without files."""

from subjects.ptychography.arrays import Arrays
from subjects.ptychography.contract import Reading, Scan, scan_of
from subjects.ptychography.simulate import Recipe, simulate


def small_scan(**given: object) -> Scan:
    """16 positions, 32 x 32 pixels."""
    recipe = Recipe(**({"patch_px": 32, "side": 4} | given))  # type: ignore[arg-type]
    return scan_of(Arrays("simulated", simulate(recipe)), Reading())
