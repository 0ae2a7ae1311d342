"""C programs captured without an edit: what is recorded, that nothing else changes, and what is refused."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from capture import CapturedTrace, CaptureError, NotDeterministic, NotHarmless
from capture.c.build import Program
from capture.c.capture import CaptureC, Limits, capture_c
from capture.c.prove import Job
from capture.errors import NothingSelected, ProgramFailed
from capture.trace import OUTSIDE, Values

PROGRAMS = Path(__file__).parent / "programs"


def only(trace: CapturedTrace, name: str, kind: str | None = None, function: str | None = None) -> Values:
    """The single column of a name."""
    found = [
        c
        for c in trace.columns
        if c.site.name == name and kind in (None, c.site.kind) and function in (None, c.site.function)
    ]
    assert len(found) == 1, [(c.site.place, c.site.kind, c.names) for c in found]
    return found[0]


@pytest.fixture(scope="module")
def many() -> Iterator[CaptureC]:
    with capture_c(Program(PROGRAMS / "many", "make"), select="row == 2 && column == 1") as captured:
        yield captured


@pytest.fixture(scope="module")
def trace(many: CaptureC) -> CapturedTrace:
    return many.trace(Job("./many 4"))


def test_every_output_is_that_of_the_untouched_program(trace: CapturedTrace) -> None:
    assert trace.facts["outputs_identical"] is True
    assert trace.facts["outputs"] == 3  # both streams and grid.bin


def test_no_function_is_left_out(trace: CapturedTrace) -> None:
    assert trace.remarks == ()


def test_the_selected_point_is_a_section(trace: CapturedTrace) -> None:
    assert trace.section_names == ("row", "column")
    assert trace.sections == ((2, 1),)


def test_values_of_the_selected_point_have_their_loop_indices(trace: CapturedTrace) -> None:
    term = only(trace, "term")
    assert term.names == ("k",)
    assert term.indices.ravel().tolist() == [0, 1, 3]  # continue skips 2
    assert term.values.ravel().tolist() == [0.0, 1.5, 4.5]
    assert set(term.section) == {0}
    assert term.site.place == "physics.c:13"


def test_other_points_are_not_recorded(trace: CapturedTrace) -> None:
    grid = only(trace, "grid")
    assert grid.elements.tolist() == [[2, 1]]


def test_the_value_of_an_unbraced_branch(trace: CapturedTrace) -> None:
    grid = only(trace, "grid")
    returned = only(trace, "step_of", "returned")
    assert grid.values[0, 0] == returned.values[0, 0]


def test_members_through_a_pointer(trace: CapturedTrace) -> None:
    assert only(trace, "body.weight", "store").site.target == "Body.weight"


def test_an_initial_struct_is_split_into_its_quantities(trace: CapturedTrace) -> None:
    assert only(trace, "body.position", "initial").values.tolist() == [[1.0, 2.0, 3.0]]
    assert only(trace, "body.position", "initial").site.components == ("x", "y", "z")
    assert only(trace, "body.mass", "initial").values.tolist() == [[4.0, 8.0]]
    assert only(trace, "body.count", "initial").values.dtype == np.int64


def test_an_array_that_a_callee_writes(trace: CapturedTrace) -> None:
    turned = only(trace, "turned", "written")
    assert turned.values[0].tolist() == [-0.5 * math.sin(0.5), 0.5 * math.cos(0.5), 1.0]
    outs = [c for c in trace.columns if c.site.name == "out"]
    assert [c.elements.tolist() for c in outs] == [[[0]], [[1]], [[2]]]


def test_a_macro_that_stores(trace: CapturedTrace) -> None:
    assert any(c.values.tolist() == [[3.0]] for c in trace.columns if c.site.name == "whole")
    swapped = [c for c in trace.columns if c.site.name == "swap" and c.site.kind == "store"]
    assert [c.values.tolist() for c in swapped] == [[[2.5]], [[1.5]]]
    assert [c.elements.tolist() for c in swapped] == [[[0]], [[1]]]


def test_a_variable_that_cannot_be_read_again_is_probed_on_its_way(trace: CapturedTrace) -> None:
    passed = [c for c in trace.columns if c.site.function == "fill" and c.site.name == "p"]
    assert len(passed) == 1
    assert passed[0].values.ravel().tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]


def test_a_return_value_has_the_type_of_its_function(trace: CapturedTrace) -> None:
    narrow = only(trace, "narrow", "returned")
    assert narrow.site.type == "float32"
    assert narrow.values[0, 0] == np.float32(narrow.values[0, 0])


def test_both_stores_of_a_comma_expression(trace: CapturedTrace) -> None:
    assert only(trace, "body.position.y", "store").site.line == only(trace, "body.mass", "store", "main").site.line


def test_unsigned_integers_keep_their_bits(trace: CapturedTrace) -> None:
    big = only(trace, "big")
    assert big.site.type == "unsigned"
    assert big.values.view(np.uint64).tolist() == [[2**64 - 1]]


def test_a_function_in_a_header_is_captured(trace: CapturedTrace) -> None:
    assert only(trace, "half", "returned").values.tolist() == [[1.25]]


def test_reads_of_a_store_are_graph_nodes(trace: CapturedTrace) -> None:
    assert set(only(trace, "sum", "store").site.reads) == {"step_of:sum", "step_of:term"}
    assert "return:scaled_by" in only(trace, "term").site.reads


def test_a_store_under_a_condition_inside_an_expression_is_said(many: CaptureC) -> None:
    assert any("part is stored only under a condition" in remark for remark in many.instrumented.probes.remarks)


def test_values_outside_the_selected_loop_are_bounded(many: CaptureC) -> None:
    bounded = many.trace(Job("./many 4"), limits=Limits(each=2))
    assert all(len(c) <= 2 for c in bounded.columns if set(c.section) == {OUTSIDE})


def test_the_volume_is_capped_with_a_message(many: CaptureC) -> None:
    capped = many.trace(Job("./many 4"), limits=Limits(words=100))
    assert capped.dropped
    assert any("capped" in remark for remark in capped.remarks)


def test_a_selection_that_never_holds(many: CaptureC) -> None:
    with pytest.raises(NothingSelected, match="never held"):
        many.trace(Job("./many 2"))


def program(folder: Path, text: str, **settings: str) -> Program:
    folder.mkdir(exist_ok=True)
    (folder / "main.c").write_text(text)
    return Program(folder, **{"build": "cc -O2 -o prog main.c -lm", **settings})


def test_a_program_that_is_not_deterministic_is_refused(tmp_path: Path) -> None:
    text = '#include <stdio.h>\n#include <unistd.h>\nint main(void) { int x = getpid(); printf("%d\\n", x); return 0; }'
    with capture_c(program(tmp_path / "p", text)) as captured:
        with pytest.raises(NotDeterministic, match="stdout: line 1"):
            captured.trace(Job("./prog"))
        assert captured.trace(Job("./prog", ignored=("stdout",))).facts["ignored"] == ["stdout"]


def test_a_build_that_fails_shows_the_users_own_error(tmp_path: Path) -> None:
    failing = program(tmp_path / "p", "int main(void) { return missing; }")
    with pytest.raises(ProgramFailed, match=r"the build fails.*\n.*missing. undeclared"), capture_c(failing):
        pass


def test_a_capture_that_changes_an_output_is_refused(tmp_path: Path) -> None:
    text = (
        "#include <stdio.h>\n#include <stdlib.h>\n"
        'int main(void) { int x = getenv("PARITY_CAPTURE_OUT") != 0; printf("%d\\n", x); return 0; }\n'
    )
    message = "not the untouched program's: stdout: line 1: '0' and '1'"
    with capture_c(program(tmp_path / "p", text)) as captured, pytest.raises(NotHarmless, match=message):
        captured.trace(Job("./prog"))


def test_a_build_that_fails_for_the_probes_alone_says_so(tmp_path: Path) -> None:
    build = "if grep -q parity_ main.c; then echo 'error: strange words' >&2; exit 3; fi; cc -o prog main.c"
    sound = program(tmp_path / "p", "int main(void) { int x = 3; return x - 3; }", build=build)
    message = r"the instrumented copy does not build, though the program itself does .*exit status 3.*\n.*strange words"
    with pytest.raises(ProgramFailed, match=message), capture_c(sound):
        pass


def test_a_selection_that_no_place_can_test(tmp_path: Path) -> None:
    sound = program(tmp_path / "p", "int main(void) { int i, s = 0; for (i = 0; i < 3; ++i) s += i; return s; }")
    with pytest.raises(CaptureError, match="has all of pixel set"), capture_c(sound, select="pixel == 3"):
        pass


@pytest.mark.parametrize("text", ["i = 3", "i++ > 2", 'system("x")', "3 == 3"])
def test_a_selection_that_is_no_test(text: str, tmp_path: Path) -> None:
    sound = program(tmp_path / "p", "int main(void) { return 0; }")
    with pytest.raises(CaptureError, match="select takes an expression"), capture_c(sound, select=text):
        pass


def test_a_function_that_does_not_parse_is_named_and_the_others_are_captured(tmp_path: Path) -> None:
    text = (
        "static int nested(void) { int inner(void) { return 1; } return inner(); }\n"
        "int main(void) { double x = 1.5; x += nested(); return x > 2; }\n"
    )
    with capture_c(program(tmp_path / "p", text)) as captured:
        (left,) = captured.instrumented.probes.left_out
        assert left.startswith("main.c:1 nested: line 1 does not parse")
        assert only(captured.trace(Job("./prog")), "x", "store").values.tolist() == [[2.5]]


def test_a_program_in_the_style_of_long_ago(tmp_path: Path) -> None:
    text = "main() { double x = 1.5; x = half(x) + 1.0; exit(x > 1.7 ? 3 : 4); }\n"
    text += "int half(x) double x; { return x / 2; }\n"
    with capture_c(program(tmp_path / "p", text, build="cc -w -o prog main.c")) as captured:
        assert captured.instrumented.probes.left_out == []
        assert len(captured.trace(Job("./prog")).columns) > 2


def test_times_of_files_are_kept_so_that_nothing_is_made_again(tmp_path: Path) -> None:
    sound = program(tmp_path / "p", "int main(void) { int x = 1; return x - 1; }", build="make")
    (tmp_path / "p" / "made.txt").write_text("made long ago")
    (tmp_path / "p" / "source.txt").write_text("older still")
    os.utime(tmp_path / "p" / "source.txt", (1, 1))
    os.utime(tmp_path / "p" / "made.txt", (2, 2))
    rule = "made.txt: source.txt\n\tfalse\nprog: main.c made.txt\n\tcc -o prog main.c\n"
    (tmp_path / "p" / "Makefile").write_text(".DEFAULT_GOAL := prog\n" + rule)
    with capture_c(sound) as captured:
        assert captured.trace(Job("./prog")).facts["outputs_identical"] is True


def test_threads_of_a_parallel_loop_have_their_own_indices(tmp_path: Path) -> None:
    text = """
#include <stdio.h>
int main(void) {
    double v[64]; int t, i;
    for (t = 0; t < 3; ++t) {
#pragma omp parallel for num_threads(4)
        for (i = 0; i < 64; ++i) {
            double x = i * 0.5 + t;
            v[i] = x;
        }
    }
    for (i = 0; i < 64; ++i) printf("%g\\n", v[i]);
    return 0;
}
"""
    threaded = program(tmp_path / "p", text, build="cc -O2 -fopenmp -o prog main.c")
    with capture_c(threaded, select="t == 1") as captured:
        x = only(captured.trace(Job("./prog")), "x")
    assert x.names == ("i",)
    assert sorted(x.indices.ravel().tolist()) == list(range(64))
    assert np.array_equal(x.values.ravel(), x.indices.ravel() * 0.5 + 1)
    assert set(x.section) == {0}


def test_a_program_in_cxx(tmp_path: Path) -> None:
    (tmp_path / "main.cpp").write_text(
        "#include <cstdio>\nnamespace n { struct P { double x, y;"
        " double norm() { double s = x * x; s += y * y; return s; } };"
        " template <class T> T twice(T v) { return v + v; } }\n"
        "int main() { n::P p{1.5, 2.0}; for (int i = 0; i < 2; ++i) p.x += i; "
        'double r = n::twice(p.norm()); std::printf("%g\\n", r); }\n'
    )
    with capture_c(Program(tmp_path, "c++ -O2 -o prog main.cpp")) as captured:
        trace = captured.trace(Job("./prog"))
    assert only(trace, "norm", "returned").values.tolist() == [[10.25]]
    assert only(trace, "p.x", "store").indices.ravel().tolist() == [0, 1]
    assert only(trace, "r", "initial").values.tolist() == [[20.5]]


ODD = r"""
#include <stdio.h>
#define pause { puts("a macro that is a function of the system elsewhere"); }
static double half(double x) { double y = 0.5 * x; return y; }
int main(void)
{
    int n = 0, *p = &n;
    double sum[2] = {1.0, 2.0}, *q = sum;
    (*p)++;
    *q++ += 1.7;
    for (int i = 0; i < 2; i++)
        sum[i] += half(i);
    double after = half(3.0);
    pause
    printf("%d %g %g %g\n", n, sum[0], sum[1], after);
    return 0;
}
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> CapturedTrace:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "odd.c").write_text(ODD)
    with capture_c(Program(folder, "cc -O1 -o odd odd.c")) as captured:
        return captured.trace(Job("./odd"), limits=Limits(each=100))


def test_macros_of_the_program_and_stores_through_moving_pointers_are_no_hindrance(odd: CapturedTrace) -> None:
    assert odd.remarks == ()
    assert only(odd, "p").values.ravel().tolist() == [1]


def test_what_is_called_after_a_loop_is_not_called_within_it(odd: CapturedTrace) -> None:
    contexts = {c.names: c.values.ravel().tolist() for c in odd.columns if c.site.name == "y"}
    assert contexts == {("i",): [0.0, 0.5], (): [1.5]}


def test_a_build_that_makes_two_programs(tmp_path: Path) -> None:
    text = '#include <stdio.h>\nint main(void) {{ double x = {}; printf("%g\\n", x); return 0; }}\n'
    for name in ("one", "two"):
        (tmp_path / f"{name}.c").write_text(text.format(1.5 if name == "one" else 2.5))
    with capture_c(Program(tmp_path, "cc -o one one.c && cc -o two two.c")) as captured:
        assert only(captured.trace(Job("./two")), "x").values.ravel().tolist() == [2.5]


def test_private_members_of_a_class_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "main.cpp").write_text(
        "#include <cstdio>\n"
        "class Pair { int hidden; public: double seen;\n"
        "Pair() { hidden = 1; seen = 0.0; } int get() { return hidden; } };\n"
        "static Pair made() { Pair p; p.seen = 1.5; return p; }\n"
        'int main() { Pair p; p = made(); printf("%g %d\\n", p.seen, p.get()); return 0; }\n'
    )
    with capture_c(Program(tmp_path, "c++ -o program main.cpp")) as captured:
        trace = captured.trace(Job("./program"))
    assert {tuple(c.values.ravel()) for c in trace.columns if c.site.name.endswith("seen")} >= {(1.5,)}
