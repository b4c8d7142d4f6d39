"""Names that a user gives stand in tables, figures and the report as they were written, whatever is in them."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from pushpull.papers import artefacts, is_table, maker
from pushpull.report.manifest import study_manifest
from pushpull.report.report import write_report
from pushpull.tables.latex import escape, to_latex
from pushpull.tables.rendering import to_markdown
from pushpull.tables.style import house_style, save_figure

LIBRARY = Path(__file__).parents[2] / "workflow_scripts/pushpull"
FIGURES = [f"abalone_{name}" for name in artefacts("abalone") if not is_table(f"abalone_{name}")]
NAMES = [
    "$5 to $10",
    "$10 % of $20",
    "a | b \\| c \\",
    "<b>bold</b> & R&amp;D",
    "*x* _y_ `z` ~~w~~",
    "[1](2)",
    "\\alpha^{2}_i",
    "東京 😀",
    "Łódź café",
]


@pytest.fixture(params=NAMES)
def named(request, parts, build):
    """A name and a study in which a dataset has it."""
    parts["datasets"]["generated"]["title"] = request.param
    return request.param, build(parts)


class Words(HTMLParser):
    """The texts of the headings of a page of HTML."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words, self.inside = [], False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.inside = tag == "th"
        if self.inside:
            self.words.append("")

    def handle_data(self, data):
        if self.inside:
            self.words[-1] += data

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "th"


def test_markdown_shows_a_name_as_it_was_written(named):
    markdown = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable(["table", "strikethrough"])
    name, study = named
    said = to_markdown(maker("abalone_table3")(study))
    assert any(words.startswith(f"{name}: ") for words in Words(markdown.render(said)).words)
    assert not re.search(r"(?<!\\)\$", said)  # on GitHub mathematics begins there


def test_the_report_shows_a_name_as_it_was_written(named, tmp_path):
    name, study = named
    write_report(study, ["abalone_table3.csv"], [], study_manifest(study.info, study.cards, []), tmp_path / "r.html")
    words = Words((tmp_path / "r.html").read_text(encoding="utf-8")).words
    assert {word for word in words if word == name}


def test_latex_of_any_name_is_ascii_with_matching_braces_and_even_columns(named):
    _, study = named
    text = to_latex(maker("abalone_table3")(study))
    assert text.isascii()
    plain = re.sub(r"\\textbackslash|\\[{}]", "", text)
    assert plain.count("{") == plain.count("}")
    assert not re.search(r"\\\\\n[\[*]", text)


def test_latex_spells_what_an_engine_may_lack():
    assert escape("Łódź, naïve") == r"\L{}\'{o}d\'{z}, na\"{i}ve"
    assert escape("e\u0301") == escape("é") == r"\'{e}"
    assert escape("ǘ") == r"\'{\"{u}}"
    assert escape("γ ≤ 1 | straße") == r"$\gamma$ $\le$ 1 \textbar{} stra\ss{}e"
    assert escape("東京 😀 д") == "[U+6771 U+4EAC] [U+1F600] [U+0434]"
    assert escape("a\tb\nc") == "a b c"


@pytest.mark.parametrize("name", ["[x] mine", "*mine"])
def test_a_row_that_begins_with_an_option_of_the_line_break_is_kept_from_it(parts, build, name, monkeypatch):
    monkeypatch.setitem(parts["datasets"]["generated"], "title", name)
    lines = to_latex(maker("abalone_table1")(build(parts))).splitlines()
    assert any(line.startswith("{}" + escape(name)) for line in lines)


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_of_a_figure_is_read_as_mathematics(parts, build, name, tmp_path):
    parts["datasets"]["generated"]["title"] = "$10 % of $20"
    figure = maker(name)(build(parts))
    save_figure(figure, tmp_path / "f.pdf", tmp_path / "f.png")
    assert not any(text.get_parse_math() or "mathdefault" in text.get_text() for text in figure.findobj(Text))


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_every_figure_is_made_in_the_style_that_reads_no_mathematics(path):
    code = path.read_text(encoding="utf-8")
    assert not re.search(r"parse_math=|usetex|pyplot|mathtext", code)
    if "Figure(figsize" in code and path.name != "style.py":  # what is made there is made inside a context
        assert "with house_style():" in code


def test_the_style_reads_no_mathematics():
    with house_style():
        assert not Figure().text(0, 0, "$a$").get_parse_math()


def drawn(text: str, folder) -> tuple[Figure, str]:
    with house_style():
        figure = Figure(figsize=(3, 1))
        figure.text(0.1, 0.5, text)
    save_figure(figure, folder / "f.pdf", folder / "f.png")
    return figure, "\n".join(found.get_text() for found in figure.findobj(Text))


def test_a_character_that_the_house_font_lacks_comes_from_another(tmp_path):
    figure, said = drawn("a \U0001d4b3", tmp_path)  # in STIX, which comes with matplotlib, too
    assert len(figure.texts[0].get_fontfamily()) == 2
    assert "No font" not in said


def test_a_character_that_no_font_has_is_said_below_the_figure(tmp_path, capsys):
    _, said = drawn("a \U000e0041\ufdd0", tmp_path)  # no character at all
    assert "No font of this machine has U+FDD0, U+E0041, drawn as boxes" in said
    assert "U+FDD0" in capsys.readouterr().out
    assert "No font" not in drawn("café $5 – д", tmp_path)[1]
