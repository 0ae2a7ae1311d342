"""One list of traced names: the C program's fields, the port's, and the vocabulary that aligns them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compare.words.vocabulary import packaged
from simulator.evaluation import trace
from simulator.evaluation.trace import Trace
from simulator.model.terms import Scatter

FIELDS = Path(__file__).resolve().parents[2] / "reference_c" / "trace_fields.def"
RECORDS = ("UMAT", "SUBPIXEL", "SOURCE", "PHI", "DOMAIN", "TRICUBIC")
KINDS = {"WORD": "word", "INT": "int", "DOUBLE": "float"}


def c_fields() -> dict[str, dict[str, tuple[str, int]]]:
    """By record, in print order: each name's kind and number of values."""
    listed: dict[str, dict[str, tuple[str, int]]] = {}
    for record, name, kind, count in re.findall(
        r"^TRACE_FIELD\((\w+), (\w+), (\w+), (\d+)\)", FIELDS.read_text(), re.M
    ):
        assert name not in listed.setdefault(record, {}), f"{record} {name} is there twice"
        listed[record][name] = (kind, int(count))
    return listed


C_FIELDS = c_fields()


@pytest.fixture(scope="module")
def traced(eager: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """A trace that has every record."""
    folder = tmp_path_factory.mktemp("traced")
    indices = range(-9, 10)
    (folder / "made.hkl").write_text("".join(f"{h} {k} {l} 5\n" for h in indices for k in indices for l in indices))
    argv = "-cell 20 21 22 -hkl made.hkl -interpolate -N 3 -detpixels 4 -oversample 1 -mosaic 1 -mosaic_domains 2"
    return eager(argv, folder).trace(1, 2)


def test_all_records_are_listed() -> None:
    assert set(C_FIELDS) == {"HEADER", "CLOSING", *RECORDS}


def test_fields_of_scatter_are_the_records_names_in_their_order() -> None:
    """A PHI line repeats some of its first domain's values: those stand where DOMAIN has them."""
    names = [
        name
        for record in ("SUBPIXEL", "SOURCE", "PHI", "DOMAIN", "TRICUBIC")
        for name in C_FIELDS[record]
        if not (record == "PHI" and name in C_FIELDS["DOMAIN"])
    ]
    assert list(Scatter._fields) == names


@pytest.mark.parametrize("record", ["SUBPIXEL", "SOURCE", "PHI", "DOMAIN", "TRICUBIC"])
def test_port_writes_each_record_as_the_c_program(record: str) -> None:
    assert list(getattr(trace, record)) == list(C_FIELDS[record])


def test_header_and_closing_lines_are_the_c_programs_in_their_order(traced: Trace) -> None:
    assert list(traced.header) == list(C_FIELDS["HEADER"])
    assert list(traced.closing) == list(C_FIELDS["CLOSING"])


def test_orientations_follow_the_header_line_that_they_follow_in_the_c_program(traced: Trace) -> None:
    text = FIELDS.read_text()
    before = re.findall(r"TRACE_FIELD\(HEADER, (\w+)", text[: text.index("TRACE_FIELD(UMAT")])[-1]
    lines = list(traced.lines("C"))
    first = next(i for i, line in enumerate(lines) if line.startswith("TRACE_C_UMAT"))
    assert lines[first - 1].split()[1] == before


@pytest.mark.parametrize("record", ["HEADER", "CLOSING", *RECORDS])
def test_values_have_the_kind_and_number_of_the_c_programs(record: str, traced: Trace) -> None:
    plain = {"HEADER": traced.header, "CLOSING": traced.closing}
    found: list[Any] = [r.values for r in traced.umats + traced.records if r.name == record] or [plain[record]]
    types: dict[str, Any] = {"INT": int, "DOUBLE": (float, int)}  # the coordinates of a block are whole numbers
    for values in found:
        assert list(values) == list(C_FIELDS[record])
        for name, (kind, count) in C_FIELDS[record].items():
            components = values[name] if isinstance(values[name], tuple) else (values[name],)
            if kind != "WORD":
                assert len(components) == count, name
                assert all(isinstance(component, types[kind]) for component in components), name


def test_vocabulary_knows_the_same_names() -> None:
    ours = {("" if r in ("HEADER", "CLOSING") else r, name) for r, names in C_FIELDS.items() for name in names}
    assert {name for name, quantity in packaged().quantities.items() if not quantity.older} == ours


def test_vocabulary_knows_the_same_kinds() -> None:
    quantities = packaged().quantities
    for record, names in C_FIELDS.items():
        for name, (kind, _) in names.items():
            quantity = quantities["" if record in ("HEADER", "CLOSING") else record, name]
            assert quantity.words or quantity.kind in (None, KINDS[kind]), f"{record} {name}"


def test_vocabulary_has_the_index_keys_that_are_written(traced: Trace) -> None:
    for record in traced.umats + traced.records:
        assert tuple(record.indices) == packaged().records[record.name]
