"""Size and volume of a solid in an STL file of text, single precision: statistics that ``admesh`` prints."""

import sys
from pathlib import Path

import numpy as np


def read_stl(path):
    words = [line.split()[1:] for line in Path(path).read_text().splitlines() if line.split()[:1] == ["vertex"]]
    return np.array(words, dtype=np.float32).reshape(-1, 3, 3)


def calculate_normal(facets):
    v1 = facets[:, 1] - facets[:, 0]
    v2 = facets[:, 2] - facets[:, 0]
    normal = np.empty_like(v1)
    normal[:, 0] = v1[:, 1].astype(float) * v2[:, 2] - v1[:, 2].astype(float) * v2[:, 1]
    normal[:, 1] = v1[:, 2].astype(float) * v2[:, 0] - v1[:, 0].astype(float) * v2[:, 2]
    normal[:, 2] = v1[:, 0].astype(float) * v2[:, 1] - v1[:, 1].astype(float) * v2[:, 0]
    return normal


def normalize_vector(v):
    length = np.sqrt((v.astype(float) ** 2).sum(axis=1))
    factor = 1.0 / length
    return (v * factor[:, None]).astype(np.float32)


def get_area(facets):
    """The area of each facet: the projection of the sum of its edges' cross products on its normal."""
    corners = facets.astype(float)
    cross = np.cross(corners, np.roll(corners, -1, axis=1))
    total = cross.sum(axis=1).astype(np.float32)
    n = normalize_vector(calculate_normal(facets))
    area = np.float32(0.5) * (n * total).sum(axis=1)
    return area


def get_volume(facets, normals):
    """Signed pyramids from the first corner to each facet, added one after the other."""
    p = facets[:, 0] - facets[0, 0]
    height = (normals * p).sum(axis=1)
    area = get_area(facets)
    volume = np.float32(0.0)
    for piece in (area * height) / 3.0:
        volume = np.float32(volume + piece)
    return volume


def main(path):
    facets = read_stl(path)
    lowest = facets.reshape(-1, 3).min(axis=0)
    highest = facets.reshape(-1, 3).max(axis=0)
    size = highest - lowest
    bounding_diameter = np.sqrt((size * size).sum())
    normals = normalize_vector(calculate_normal(facets))
    volume = get_volume(facets, normals)
    print(f"Min X = {lowest[0]:f}, Max X = {highest[0]:f}")
    print(f"Size {size}, diameter {bounding_diameter:f}")
    print(f"Number of facets : {len(facets)}")
    print(f"Volume   : {volume:f}")


main(sys.argv[1])
