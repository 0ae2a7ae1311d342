from __future__ import annotations

import numpy as np
import pytest

from compare.errors import InputError
from compare.judging import tolerances
from compare.judging.engine import compare_traces
from compare.judging.keys import NOWHERE, Section
from compare.judging.result import DifferenceClass, Verdict
from compare.judging.tolerances import Floor, Step, Term, Tolerances

DOM = {"thick_tic": 0, "source": 0, "phi_tic": 1, "mos_tic": 0}


def test_what_is_written_reads_back(tmp_path) -> None:
    given = Tolerances(
        default=Step("default", 1e-12, 3e-11),
        steps={"x": Step("x", 0.0, 1e-13, (Term(2.2e-16, {"hkl_frac": 1.0, "N_cells[1]": 2.0}, 1e-15),))},
        floors={
            "polar": [
                Floor("polar", 1e-300, 2e-17, Section.of({"pixel": (685, 1039)})),
                Floor("polar", 1.0, 2.0, index={"i": 3}),
                Floor("polar", 1.0, 2.0, Section.of({"epoch": (-3,), "pixel": (5, 6)})),
            ]
        },
        source='harness noise-floor --case "näme"',
        measured_with={"torch": "2.13.0", "cpu": 'x "y" \\z'},
    )  # fmt: skip
    path = tmp_path / "floor.toml"
    path.write_text(tolerances.dump(given), "utf-8")
    found = tolerances.load(path)
    for name in ("default", "steps", "floors", "source", "measured_with"):
        assert getattr(found, name) == getattr(given, name)
    assert tolerances.load(path).strict


def test_a_floor_goes_before_a_step_and_a_step_before_the_default() -> None:
    given = Tolerances(
        default=Step("default", 1e-11, 1e-10),
        steps={"x": Step("x", 1e-6, 1e-5, (Term(2.0, {"y": 1.0, "z": -1.0}, 3.0),))},
        floors={"x": [Floor("x", 7.0, 8.0, index={"i": 1}), Floor("x", 9.0, 9.0, Section.of({"pixel": (5, 5)}))]},
        strict=True,
    )
    index = np.array([[0, 0], [0, 1], [1, 2]])
    sections = [NOWHERE, Section.of({"epoch": (3,), "pixel": (5, 5)})]
    scale = np.array([1.0, 1.0, 1.0])
    sizes = {"y": np.array([-6.0, 1.0, 1.0]), "z": np.array([3.0, 1.0, 1.0])}
    t, e = given.evaluate("x", ("i",), index, scale, sizes.get, sections)
    assert t.tolist() == [1e-6 + 4.0, 7.0, 9.0]
    assert e.tolist() == [1e-5 + 6.0, 8.0, 9.0]
    t, e = given.evaluate("other", ("i",), index, scale, sizes.get)
    assert (t[0], e[0]) == (1e-11, 1e-10)
    assert given.unused() == []


def test_a_term_whose_quantity_is_not_in_the_log_adds_nothing() -> None:
    given = Tolerances(Step("default", 1.0, 1.0), {"x": Step("x", 1.0, 1.0, (Term(9.0, {"gone": 1.0}, 9.0),))})
    assert given.evaluate("x", (), np.array([[0]]), np.ones(1), lambda _: None)[0].tolist() == [1.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing key 'format'"),
        ("format = 2", "format 2 is not known"),
        ("format = 1\nstpe = 3", "unknown entry 'stpe'"),
        ('format = 1\n[[step]]\nname = "x"\ntolerance = -1.0', "not negative"),
        ('format = 1\n[[step]]\nname = "x"\ntolerance = nan', "finite"),
        ('format = 1\n[[floor]]\nname = "x"', "missing key 'tolerance'"),
        ('format = 1\n[[floor]]\nname = "x"\ntolerance = 1.0\npixel = [1]', "two integers"),
        ('format = 1\n[[step]]\nname = "x"\nterms = [{ coefficient = 1.0 }]', "missing key 'powers'"),
        ("format = ", "cannot read"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path, text: str, message: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        tolerances.load(path)
    assert "wrong.toml" in str(error.value)


def test_a_file_decides_what_rounding_drift_and_divergence_are(trace, write) -> None:
    a = float(trace.value("DOMAIN", "F_cell", **DOM)[0])
    b = trace.replaced("DOMAIN", "F_cell", [a * (1 + 1e-9)], **DOM)
    logs = write(trace, "a.log"), write(b, "b.log")

    def with_file(tolerance: str, envelope: str) -> tuple[DifferenceClass, Verdict]:
        text = f'format = 1\n[[step]]\nname = "DOMAIN.F_cell"\ntolerance = {tolerance}\nenvelope = {envelope}\n'
        result = compare_traces(*logs, tolerances=tolerances.load(write(text, "t.toml")))
        pair = next(p for p in result.pairs if p.key.name == "F_cell" and DOM.items() <= dict(p.key.indices).items())
        return pair.difference, result.verdict

    assert compare_traces(*logs).exit_code == 1
    assert with_file("1e-8", "1e-8") == (DifferenceClass.ROUNDING, Verdict.PARITY)
    assert with_file("1e-10", "1e-8") == (DifferenceClass.DRIFT, Verdict.DIVERGENCE)  # its inputs agree: it is at fault
    assert with_file("1e-10", "5e-10") == (DifferenceClass.DIVERGENT, Verdict.DIVERGENCE)


def test_the_packaged_file_is_the_houses_default() -> None:
    packaged = tolerances.packaged()
    assert (packaged.default.tolerance, packaged.default.envelope) == (1e-11, 1e-11)
    assert not packaged.strict


def test_a_file_cannot_name_itself_the_packaged_default(trace, write) -> None:
    path = write('format = 1\nsource = "Packaged default"\n[default]\ntolerance = 1e-9\n', "t.toml")
    result = compare_traces(write(trace, "a.log"), write(trace, "b.log"), tolerances=tolerances.load(path))
    assert result.tolerance_source == str(path)
    said = tolerances.load(write('format = 1\nsource = "by hand"\n', "u.toml")).described
    assert said.endswith('u.toml, which says "by hand"')


def test_a_tolerance_that_decided_is_said_with_its_source(trace, write, compare_command) -> None:
    cell = float(trace.value("DOMAIN", "F_cell", **DOM)[0])
    logs = write(trace, "a.log"), write(trace.replaced("DOMAIN", "F_cell", [cell * (1 + 1e-9)], **DOM), "b.log")
    wide = write('format = 1\n[[step]]\nname = "DOMAIN.F_cell"\ntolerance = 1e-3\n', "wide.toml")
    first = compare_command("traces", *logs, "--tolerance", wide).out.splitlines()[1:3]
    assert f"the tolerance of DOMAIN.F_cell is 0.001 of its scale ([[step]] DOMAIN.F_cell of {wide})" in first[0]
    assert "DOMAIN.F_cell: 1 value passes only by the tolerance given for it" in first[1]
    narrow = write("format = 1\n[default]\ntolerance = 1e-13\nenvelope = 1e-13\n", "narrow.toml")
    logs = logs[0], write(trace.replaced("DOMAIN", "F_cell", [cell * (1 + 1e-12)], **DOM), "c.log")
    kinds = compare_traces(*logs, tolerances=tolerances.load(narrow)).warnings
    assert [(r.kind, "1 value fails" in r.message) for r in kinds] == [("deciding-tolerance", True)]
    assert not compare_traces(*logs).warnings
