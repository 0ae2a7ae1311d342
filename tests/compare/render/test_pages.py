"""The Markdown summary and the HTML page: what they show, and that nothing in a log can break out of them."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from compare.judging.coverage import Coverage, SideInfo
from compare.judging.keys import Key, Value
from compare.judging.result import Comparison, DifferenceClass, Pair, Verdict
from compare.render import html, markdown
from compare.render.markup import VOID, element
from compare.render.step_graph import layers, step_graph
from compare.render.sweeps import sweeps
from compare.render.text import short_values

Samples = dict[str, Comparison]
SIDE, COVERAGE = SideInfo(("log",)), Coverage(1, 0, 0)
ALLOWED = frozenset(
    re.findall(
        r"\w+",
        "html head meta title style body a header h1 h2 h3 main section div p strong code dl dt dd ul li span figure "
        "figcaption details summary table caption thead tbody tr th td svg rect line path circle text g",
    )
)


class Page(HTMLParser):
    """Every element with its attributes; fails on anything that is not well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    def tags(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


# ---------------------------------------------------------------- HTML


def test_the_page_is_well_formed_and_holds_known_elements_alone(sample: Comparison) -> None:
    page = Page(html.render(sample))
    assert {tag for tag, _ in page.elements} <= ALLOWED
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag


def test_the_page_asks_nothing_of_the_network(sample: Comparison) -> None:
    text = html.render(sample)
    page = Page(text)
    assert not page.tags("script") + page.tags("img") + page.tags("link")
    assert {attributes["href"] for attributes in page.tags("a")} == {"#differing"}
    assert "url(" not in text
    assert "@import" not in text
    policy = next(each["content"] for each in page.tags("meta") if "http-equiv" in each)
    assert "default-src 'none'" in policy


def test_hostile_names_appear_as_text(samples: Samples) -> None:
    page = Page(html.render(samples["hostile"]))
    assert "</script><img src=x onerror=alert(1)>&|`%:,]]> ::error::x" in "".join(page.words)


def test_the_page_can_be_read_without_seeing_it(sample: Comparison) -> None:
    page = Page(html.render(sample))
    assert page.tags("html") == [{"lang": "en"}]
    assert len(page.tags("h1")) == len(page.tags("main")) == 1
    for drawing in page.tags("svg"):
        assert drawing["role"] == "img"
        assert drawing["aria-label"]
    for table in [each for each in page.tags("table") if each.get("class") == "wide"]:
        assert table["role"] == "table"
    assert all(each.get("scope") for each in page.tags("th"))
    for attributes in page.tags("div"):
        if "scroll" in attributes.get("class", "").split():
            assert attributes["tabindex"] == "0"
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert "differing" in ids


def test_the_page_has_bars_plots_and_the_graph(samples: Samples) -> None:
    page = Page(html.render(samples["everything"]))
    kinds = [drawing["class"] for drawing in page.tags("svg")]
    assert kinds == ["ulps", "sweep", "graph"]
    bars = [each["class"] for each in page.tags("rect") if each.get("class", "").startswith("bar")]
    assert bars.count("bar drift") == 9 + 9  # in the bar of ulps and under the plot
    nodes = {each["class"] for each in page.tags("g")}
    assert nodes == {"node divergent fault", "node divergent", "node untraced"}
    titles = [words for words in page.words if words.startswith(("PHI.", "DOMAIN.", "F_cell:", "I_pixel_final:"))]
    assert "PHI.F_latt: divergent, at fault" in titles
    assert "DOMAIN.hkl_frac: untraced" in titles


def test_the_drawn_graph_leaves_out_constants_and_roundabout_edges_and_the_list_does_not(samples: Samples) -> None:
    result = samples["everything"]
    assert "N_cells" not in (step_graph(result) or "")
    assert "from DOMAIN.hkl_frac, N_cells" in "".join(Page(html.render(result)).words)
    roundabout = replace(result, steps={"F_cell": ("crystal_shape",), "I_pixel_final": ("F_cell", "crystal_shape")})
    assert (step_graph(roundabout) or "").count("<path") == 2


def test_the_class_is_written_out_beside_every_colour(samples: Samples) -> None:
    page = Page(html.render(samples["everything"]))
    words = set(page.words)
    assert {"divergent", "drift", "waived", "identical"} <= words


def test_the_style_covers_dark_mode_paper_and_phones() -> None:
    style = html.STYLE.read_text()
    for condition in ("prefers-color-scheme: dark", "@media print", "screen and (max-width: 46rem)", ":focus-visible"):
        assert condition in style
    used = set(re.findall(r"var\((--[\w-]+)\)", style))
    for scheme in re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]:
        assert used <= set(re.findall(r"(--[\w-]+):", scheme))


@pytest.mark.parametrize("number", [3, 400, 5000])
def test_a_long_comparison_still_makes_a_page_of_bounded_size(number: int) -> None:
    pairs = [
        Pair(Key("x", "STEP", (("step", at),)), 1.0 * at, at + 0.5, at, DifferenceClass.DIVERGENT, ulps=1e13)
        for at in range(number)
    ]
    sides = (replace(SIDE, paths=("a",)), replace(SIDE, paths=("b",)))
    text = html.render(Comparison(sides, pairs, {DifferenceClass.DIVERGENT: number}, COVERAGE))
    assert len(text) < 900_000
    assert (f"The first {html.SHOWN} of {number}" in text) == (number > html.SHOWN)


def test_markup_escapes_text_and_attributes_but_not_itself() -> None:
    inner = element("b", "<&>", title='"<>')
    assert inner == '<b title="&quot;&lt;&gt;">&lt;&amp;&gt;</b>'
    assert element("p", inner, None, hidden=True, id_=None) == f"<p hidden>{inner}</p>"


# ---------------------------------------------------------------- what is drawn


def test_plots_take_the_phi_loop_and_the_failing_quantity_first(samples: Samples) -> None:
    (sweep,) = sweeps(samples["everything"])
    assert (sweep.name, sweep.index, sweep.steps) == ("F_latt", "phi_tic", tuple(range(10)))
    assert sweep.values("b")[0] - sweep.values("a")[0] == pytest.approx(0.7)
    (parity,) = sweeps(samples["parity"])
    assert parity.name == "k_frac"


def test_plots_take_the_worst_component_and_the_slice_where_it_is() -> None:
    pairs = [
        Pair(
            Key("ap", "PHI", (("source", source), ("phi_tic", tic))),
            (1.0 * tic, 2.0 * tic),
            (1.0 * tic, 2.0 * tic + (source == 1)),
            0,
            DifferenceClass.DIVERGENT if source == 1 else DifferenceClass.IDENTICAL,
            ulps=1e15 if source == 1 else 0.0,
            component=1,
        )
        for source in range(2)
        for tic in range(3)
    ]
    result = Comparison((SIDE, SIDE), pairs, {}, COVERAGE)
    (sweep,) = sweeps(result)
    assert (sweep.title, sweep.fixed) == ("ap[1]", "source=1")
    assert sweep.values("b") == [1.0, 3.0, 5.0]


def test_layers_put_every_step_below_its_inputs_and_survive_cycles() -> None:
    steps = {"d": ["b", "c"], "b": ["a"], "c": ["b"]}
    assert layers(steps) == [["a"], ["b"], ["c"], ["d"]]
    looped = layers({"a": ["b"], "b": ["a"], "c": ["c"]})
    assert sorted(name for row in looped for name in row) == ["a", "b", "c"]


def test_there_is_no_graph_without_steps(samples: Samples) -> None:
    assert step_graph(samples["parity"]) is None


# ---------------------------------------------------------------- Markdown


def test_markdown_leads_with_the_verdict(sample: Comparison) -> None:
    first = markdown.render(sample).splitlines()[0]
    assert first.startswith(f"## {sample.verdict.value}:")
    assert (sample.verdict is Verdict.PARITY) == first.startswith("## parity")


def test_markdown_tables_keep_their_columns(sample: Comparison) -> None:
    lines = [line for line in markdown.render(sample).splitlines() if line.startswith("|")]
    for line in lines:
        assert len(re.findall(r"(?<!\\)\|", line)) == len(markdown.HEADINGS) + 1, line


def test_hostile_names_are_no_markup_in_markdown(samples: Samples) -> None:
    text = markdown.render(samples["hostile"])
    outside = re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", text.replace("\\`", ""))
    assert "<img" not in outside
    assert "@all" not in outside
    assert not re.search(r"(?<!\\)\[a(?<!\\)\]", outside)


@pytest.mark.parametrize(
    ("a", "b", "shown"),
    [
        (1.0, 2.0, ("1", "2")),
        (1.0, 1.0 + 2**-52, ("1", "1.0000000000000002")),
        (0.1 + 0.2, 0.3, ("0.30000000000000004", "0.29999999999999999")),
        (1 / 3, 1 / 3, ("0.333333", "0.333333")),
        ((0.5, 1.0), (0.5, 1.00000002), ("0.5, 1", "0.5, 1.00000002")),
        (float("nan"), "word", ("nan", "word")),
    ],
)
def test_narrow_columns_show_as_many_digits_as_tell_the_values_apart(
    a: Value, b: Value, shown: tuple[str, str]
) -> None:
    assert short_values(Pair(Key("x"), a, b, 0, DifferenceClass.DRIFT)) == shown
