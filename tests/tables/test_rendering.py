import io
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from pushpull.papers import maker
from pushpull.report.overview import main_table, overview_table
from pushpull.tables.latex import escape, to_latex
from pushpull.tables.rendering import full_caption, lay_out, mean_std, number, signed, to_markdown
from pushpull.tables.writing import write_table

TABLES = [*(f"abalone_table{n}" for n in range(1, 5)), "abalone_table_ladder"]


def test_numbers_by_hand():
    assert number(19700, 0) == "19,700"
    assert number(-0.001, 2) == "0.00"
    assert number(-2.5, 2) == "−2.50"
    assert mean_std(73.8, 0.31, 2) == "73.80 ± 0.31"
    assert mean_std(73.8, float("nan"), 2) == "73.80"
    assert mean_std(float("nan"), float("nan"), 2) == "–"
    assert (signed(0.154, 2), signed(-0.154, 2), signed(0.001, 2)) == ("+0.15", "−0.15", "0.00")


@pytest.mark.parametrize("name", TABLES)
def test_markdown_rows_all_have_as_many_columns_as_the_header(study, name):
    lines = [line for line in to_markdown(maker(name)(study)).splitlines() if line.startswith("|")]
    assert len(lines) > 4
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert set(lines[1].replace(" ", "")) == set("|-:")


def test_markdown_shows_ours_printed_and_difference_side_by_side(study):
    lines = to_markdown(maker("abalone_table3")(study)).splitlines()
    row = next(line for line in lines if line.startswith("| L_MSC ("))
    # 67 ± 4.302653 · 0.5 / √3
    assert "| 67.00 ± 0.50<br>[65.76, 68.24] | 73.84 | −6.84 |" in row


def one_seed(parts, *methods):
    """Keep of these methods (of all methods, if none is named) one seed only."""
    for name in ("runs", "rows"):
        parts[name] = [item for item in parts[name] if item["seed"] == 1 or (methods and item["method"] not in methods)]
    return parts


def test_latex_has_printed_beside_ours_and_interval_and_difference_below(study):
    lines = to_latex(maker("abalone_table3")(study)).splitlines()
    block = lines[next(n for n, line in enumerate(lines) if "AAPD (arXiv), MiniLM-L6" in line) :]
    index = next(n for n, line in enumerate(block) if line.startswith(r"L\_MSC &"))
    assert block[index].startswith(r"L\_MSC & 67.00\,{\tiny $\pm$0.50} & 73.84 & 57.00")
    assert block[index + 1].startswith(r" & {\tiny [65.76, 68.24]} & {\tiny $-$6.84} & ")
    # A row without values of ours has one line.
    index = next(n for n, line in enumerate(lines) if r"\textbf{UK-LEX}" in line)
    assert [line.partition(" ")[0] for line in lines[index + 1 : index + 3]] == [r"L\_ASY", r"L\_FCL"]


@pytest.mark.parametrize("name", TABLES[1:])
def test_every_cell_of_ours_has_its_interval_in_every_form(study, name):
    table = maker(name)(study)
    ours = table.cells["mean"].notna().sum()
    assert ours > 10
    assert to_markdown(table).count("<br>[") == ours
    assert len(re.findall(r"\{\\tiny \[[^]]+, [^]]+\]\}", to_latex(table))) == ours
    words = [word for group in lay_out(table).groups for line in group.cells for word in line]
    assert sum(bool(word.interval) for word in words) == ours


def test_the_same_number_of_seeds_everywhere_is_in_the_caption_only(study):
    table = maker("abalone_table3")(study)
    assert full_caption(table).endswith(
        "Our cells: mean ± standard deviation over runs, below it the 95 % interval (Student's t over seeds); "
        "3 seeds in every cell."
    )
    for text in (to_markdown(table), to_latex(table)):
        assert "n=" not in text
        assert "3 seeds in every cell" in text


def test_different_numbers_of_seeds_are_in_the_cells(parts, build):
    table = maker("abalone_table3")(build(one_seed(parts, "bce")))
    markdown, latex = to_markdown(table), to_latex(table)
    assert "| 67.00 ± 0.50 (n=3)<br>[65.76, 68.24] |" in markdown
    assert "| 63.00 (n=1)<br>[61.00, 66.00] |" in markdown
    assert r"67.00\,{\tiny $\pm$0.50 (n=3)}" in latex
    assert r"63.00\,{\tiny (n=1)}" in latex
    # One run has no bootstrap interval of the Hamming loss: none is shown.
    assert "| 37.00 (n=1) |" in markdown
    for text in (full_caption(table), latex):
        assert "Student's t over seeds; bootstrap over test documents where there is one run" in text
        assert "n is the number of seeds" in text


def test_a_study_of_one_seed_claims_no_standard_deviation(parts, build):
    text = to_markdown(maker("abalone_table3")(build(one_seed(parts))))
    assert "±" not in text
    assert text.strip().endswith(
        "Our cells: one run each, below it the 95 % interval "
        "(bootstrap over test documents where there is one run); 1 seed in every cell."
    )


def test_table1_has_no_interval(study):
    table = maker("abalone_table1")(study)
    assert full_caption(table) == table.caption
    assert "<br>" not in to_markdown(table)
    assert "n=" not in to_markdown(table)
    assert "tiny" not in to_latex(table)


def test_missing_cells_are_dashes_with_a_footnote(study):
    text = to_markdown(maker("abalone_table3")(study))
    assert "–<sup>1</sup>" in text
    assert "<sup>1</sup> RCV1-v2 is not in study quick; add it to config.yaml or run a study that has it" in text


def test_the_caption_says_what_was_run(study):
    caption = to_markdown(maker("abalone_table3")(study)).strip().splitlines()[-1]
    for fact in (
        "study quick",
        "MiniLM-L6",
        "3 seeds",
        "contrastive 5",
        "RoBERTa-base",
        "Made up for tests.",
    ):
        assert fact in caption


def test_a_group_without_our_values_has_one_column_of_dashes(study):
    groups = {group.title: group for group in lay_out(maker("abalone_table3")(study)).groups}
    assert groups["UK-LEX"].columns[0] == "ours"
    assert len(groups["UK-LEX"].columns) == 1 + 3
    assert groups["UK-LEX"].only_printed
    assert len(groups["AAPD (arXiv)"].columns) == 3 * 3
    assert len(groups["Long_tail & demo"].columns) == 3


def test_latex_special_characters_are_escaped():
    assert escape(r"a_b & 50 % #1 {x} $ ^ ~ \ ±") == (
        r"a\_b \& 50 \% \#1 \{x\} \$ \textasciicircum{} \textasciitilde{} \textbackslash{} $\pm$"
    )
    assert escape("--cores") == "-{}-cores"


@pytest.mark.parametrize("name", TABLES)
def test_latex_has_no_bare_special_character_and_even_rows(study, name):
    text = to_latex(maker(name)(study))
    assert text.isascii()
    assert r"Long\_tail \& demo" in text
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    columns = len(re.search(r"\\begin\{tabular\}\{(l?r+)\}", text).group(1))
    for row in rows:
        spans = [int(span) for span in re.findall(r"\\multicolumn\{(\d+)\}", row)]
        assert len(re.findall(r"(?<!\\)&", row)) + 1 - len(spans) + sum(spans) == columns
    assert text.count(r"\begin") == text.count(r"\end")


def compiled(engine: str, tables: str, folder: Path) -> subprocess.CompletedProcess:
    """A document of these tables, made with nothing but booktabs."""
    if shutil.which(engine) is None:
        pytest.skip(f"needs {engine}")
    source = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n" + tables + "\\end{document}\n"
    (folder / "all.tex").write_text(source, encoding="utf-8")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="latin-1", check=False)


def test_latex_compiles_with_booktabs_alone(study, tmp_path):
    done = compiled("pdflatex", "\n".join(to_latex(maker(name)(study)) for name in TABLES), tmp_path)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout


NASTY = '🐟 рыба/fish "quoted" \'s; 50% _cats_ & {dogs} $x^2$ #1 \\textbf{~} 東京 naïve Größe [a] * ^ <b>|`'


@pytest.mark.parametrize("engine", ["pdflatex", "xelatex"])
def test_any_name_compiles(parts, build, tmp_path, engine):
    parts["datasets"]["generated"]["title"] = NASTY
    done = compiled(engine, to_latex(maker("abalone_table2")(build(parts))), tmp_path)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in (tmp_path / "all.log").read_text(encoding="latin-1")


def test_the_csv_is_the_tidy_table(study, tmp_path):
    table = maker("abalone_table3")(study)
    write_table(table, tmp_path / "t.csv", tmp_path / "t.md", tmp_path / "t.tex")
    read = pd.read_csv(tmp_path / "t.csv", keep_default_na=False, na_values=[""])
    assert list(read.columns) == list(table.cells.columns)
    assert read["mean"].tolist() == pytest.approx(table.cells["mean"].tolist(), nan_ok=True)
    assert "3.0" not in pd.read_csv(io.StringIO((tmp_path / "t.csv").read_text()), dtype=str).seeds.unique()
    assert sorted(file.suffix for file in tmp_path.glob("t.*")) == [".csv", ".md", ".tex"]


def test_the_overview_has_every_protocol_measured(study, parts, build):
    rows = set(overview_table(study, "abalone").cells.row)
    assert {"MSC, linear probe", "BCE, classifier"} <= rows
    assert "MSC, classifier" not in rows
    for row in [row for row in parts["rows"] if row["method"] == "msc" and row["protocol"] == "linear_probe"]:
        parts["rows"].append(row | {"protocol": "dbc_exact"})
    assert "MSC, DBC, exact thresholds" in set(overview_table(build(parts), "abalone").cells.row)


def test_the_main_table_shows_each_method_by_its_own_protocol(study):
    cells = main_table(study, "abalone").cells
    assert cells["mean"].notna().all()
    assert len(cells) == 11 * 2 * 2
