from __future__ import annotations

import re
from pathlib import Path

import pytest

from compare.errors import InputError
from compare.words import vocabulary
from compare.words.references import Reference, parse_condition, parse_reference

ROOT = Path(__file__).parents[2]
FIELDS = ROOT / "reference_c" / "trace_fields.def"
KINDS = {"WORD": "word", "INT": "int", "DOUBLE": "float"}
EITHER = {"hkl_ranges", "carried_from"}  # integers, or the word none


def c_fields() -> dict[tuple[str, str], tuple[str, int]]:
    found = re.findall(r"TRACE_FIELD\((\w+),\s*(\w+),\s*(\w+),\s*(\d+)\)", FIELDS.read_text())
    return {("" if r in ("HEADER", "CLOSING") else r, name): (kind, int(n)) for r, name, kind, n in found}


def test_the_c_programs_fields_are_the_vocabularys() -> None:
    assert set(c_fields()) == {key for key, entry in vocabulary.packaged().quantities.items() if not entry.older}


def test_kinds_and_counts_are_the_c_programs() -> None:
    listed = vocabulary.packaged().quantities
    for key, (kind, count) in c_fields().items():
        if key[1] not in EITHER:
            assert listed[key].kind == KINDS[kind], key
            assert (listed[key].count or 1) == count, key


def test_every_step_is_reached_from_arguments_alone() -> None:
    """The graph has no step that waits for itself: an order of execution exists."""
    words = vocabulary.packaged()
    steps = words.steps()
    known: set[str] = set()
    while True:
        ready = {label for label, inputs in steps.items() if label not in known and set(inputs) - {label} <= known}
        if not ready:
            break
        known |= ready
    loops = {"PHI.ap_angstroms", "PHI.bp_angstroms", "PHI.cp_angstroms"}
    assert set(steps) - known - loops == set()


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("x", Reference("x", None)),
        ("SOURCE.x?", Reference("x", "SOURCE", optional=True)),
        ("previous x", Reference("x", None, "previous")),
        ("last DOMAIN.I", Reference("I", "DOMAIN", "last")),
        ("DOMAIN.F[mos_tic=0]", Reference("F", "DOMAIN", fixed=(("mos_tic", 0),))),
        ("C.T[step-1 cell=*]?", Reference("T", "C", shifted=(("step", -1),), every=("cell",), optional=True)),
        ("previous ap when phi_deg=0", Reference("ap", None, "previous", when=parse_condition("phi_deg=0"))),
        ("carried? when phi_deg=0", Reference("carried", None, optional=True, when=parse_condition("phi_deg=0"))),
    ],
)
def test_references_are_read(text: str, reference: Reference) -> None:
    assert parse_reference(text) == reference


GOOD = """
format = 1
name = "mine"
[records]
STEP = ["i"]
[quantities.header]
size = { kind = "int", status = "required", inputs = [] }
[quantities.STEP]
x = { kind = "float", inputs = ["size"] }
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 7", "format 7 is not known"),
        ('name = "mine"', "", "missing key 'name'"),
        ('kind = "int"', 'kind = "integer"', "one of int, float, word"),
        ('status = "required"', 'status = "needed"', "header.size: status is 'needed'"),
        ('inputs = ["size"]', 'inputs = ["sise"]', "'sise', which is not listed"),
        ('inputs = ["size"]', 'inputs = ["a b c"]', "cannot read the reference"),
        ('inputs = ["size"]', 'inputs = ["STEP.x[i=]"]', "cannot read the indices"),
        ('inputs = ["size"]', 'inputs = ["STEP.x[ii-1]"]', "'ii', which is no loop of either; those are i"),
        ('inputs = ["size"]', 'input = ["size"]', "unknown key 'input'"),
        ('name = "mine"', 'name = "mine"\nrecord = 3', "unknown key 'record'"),
        ("[records]", '[[alias]]\nname = "y"\nof = "z"\n[records]', "alias 'y' is of 'z'"),
        ("[records]", "[records", "cannot read the vocabulary"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(tmp_path, old: str, new: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert vocabulary.load(path).name == "mine"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InputError, match=re.escape(message)) as error:
        vocabulary.load(path)
    assert "mine.toml" in str(error.value)


def test_the_engine_knows_no_names_of_the_program() -> None:
    """Only the data file does: no traced name longer than a common word is spelt in the engine's code."""
    words = {name for _, name in vocabulary.packaged().quantities if "_" in name} - {"carried_from", "trace_format"}
    engine = [
        *(ROOT / "compare").glob("*.py"),
        *(ROOT / "compare" / "reading").glob("*.py"),
        *(ROOT / "compare" / "alignment").glob("*.py"),
        *(ROOT / "compare" / "classes").glob("*.py"),
    ]
    own = {"engine", "causes", "collect", "leftovers", "vocabulary", "result", "table", "cli", "errors"}
    for path in engine:
        if path.parent.name != "compare" or path.stem in own:
            code = re.sub(r'(?s)""".*?"""|#[^\n]*', "", path.read_text())
            assert not {word for word in words if re.search(rf"\b{word}\b", code)}, path
