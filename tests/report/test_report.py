import json
import runpy
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

from pushpull.papers import maker
from pushpull.report.manifest import study_manifest
from pushpull.report.report import missing_cells, write_headline, write_report
from synthetic_study import make_card

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
VOID = {"meta", "br", "img"}
TABLES = [*(f"abalone_table{number}" for number in range(1, 5)), "abalone_table_ladder"]
FIGURES = ["abalone_figure2", "abalone_figure_forces"]


class Checker(HTMLParser):
    """Fails on tags that do not nest; keeps every link and image."""

    def __init__(self):
        super().__init__()
        self.open, self.links, self.images, self.tables = [], [], [], 0

    def handle_starttag(self, tag, attributes):
        facts = dict(attributes)
        self.tables += tag == "table"
        if tag == "a":
            self.links.append(facts["href"])
        if tag == "img":
            self.images.append(facts["src"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


class Files(SimpleNamespace):
    """Named files of a rule, by attribute and by name, as Snakemake has them."""

    def __getitem__(self, name):
        return getattr(self, name)

    def get(self, name, default=None):
        return getattr(self, name, default)


def run_script(name, log, **parts):
    named = {key: Files(**value) for key, value in parts.items()}
    snakemake = SimpleNamespace(log=[str(log)], config={}, **named)
    runpy.run_path(str(SCRIPTS / f"{name}.py"), init_globals={"snakemake": snakemake})


def split_by_run(parts, folder):
    """Write metrics.csv of every run into its folder below this one; return the paths."""
    files = []
    for run in parts["runs"]:
        keys = ("dataset", "method", "seed")
        path = folder / run["path"]
        path.mkdir(parents=True)
        rows = [row for row in parts["rows"] if all(row[key] == run[key] for key in keys)]
        lines = [f"{row['protocol']},{row['split']},{row['metric']},{row['value']!r}" for row in rows]
        files.append(path / "metrics.csv")
        files[-1].write_text("\n".join(["protocol,split,metric,value", *lines]) + "\n")
    return files


def test_the_scripts_make_a_whole_report(study, parts, tmp_path, monkeypatch):
    monkeypatch.setattr("pushpull.planning.plan.Plan", lambda _: SimpleNamespace(record=dict(study.info)))
    monkeypatch.chdir(tmp_path)  # where the results are
    folder, log = Path("results/quick"), tmp_path / "log"
    files = [file.relative_to(tmp_path) for file in split_by_run(parts, tmp_path)]
    cards = [tmp_path / f"card_{name}.json" for name in parts["datasets"]]
    for card, (name, facts) in zip(cards, parts["datasets"].items(), strict=True):
        card.write_text(json.dumps(make_card(name, facts["title"])))
    collected = {"metrics": folder / "metrics.csv", "runs": folder / "runs.json"}
    run_script("collect", log, input={"metrics": files}, params={"papers": ["abalone"]}, output=collected)
    inputs = {"metrics": files, "cards": cards, "comparisons": [tmp_path / "comparisons.csv"], "inference": []}
    inputs |= {"neighbourhoods": [], "models": []}
    tables, figures = {"csv": [], "md": [], "tex": []}, []
    for name in TABLES:
        output = {kind: folder / "tables" / f"{name}.{kind}" for kind in tables}
        run_script("table", log, input=inputs, wildcards={"name": name}, output=output)
        for kind, file in output.items():
            tables[kind].append(file)
    for name in FIGURES:
        output = {kind: folder / "figures" / f"{name}.{kind}" for kind in ("pdf", "png")}
        run_script("figure", log, input=inputs, wildcards={"name": name}, output=output)
        figures.append(output["png"])
    (tmp_path / "run.json").write_text('{"device": "x86_64 CPU", "wall_seconds": 7200, "versions": {"torch": "2"}}')
    # As the rule gives them: every CSV, then every Markdown file, then every LaTeX file.
    inputs |= collected | {"tables": [*chain(*tables.values())], "figures": figures}
    inputs["run_json"] = [tmp_path / "run.json"]
    output = {"report": folder / "report.html", "headline": folder / "headline.txt"}
    output["manifest"] = folder / "manifest.json"
    run_script("report", log, input=inputs, output=output)

    page = output["report"].read_text()
    checker = Checker()
    checker.feed(page)
    assert not checker.open
    assert checker.tables == 1 + 5 + 1 + 1 + 1
    assert checker.images[0].startswith("data:image/png;base64,")
    relative = [link for link in checker.links if not link.startswith("#")]
    kinds = ("csv", "md", "tex")
    of_tables = [f"tables/{name}.{kind}" for name in TABLES for kind in kinds]
    of_figures = [f"figures/{name}.{kind}" for name in FIGURES for kind in ("pdf", "png")]
    assert relative == [*of_tables, *of_figures, "manifest.json"]
    assert '<h3 id="abalone_figure_forces">ABALONE, Figure forces</h3>' in page
    assert all((folder / link).exists() for link in relative)
    for fact in ("67.00 ± 0.50", "73.84", "2.00 hours", "x86_64 CPU", "torch 2", "ab" * 32, "is not in study quick"):
        assert fact in page
    assert '67.00 ± 0.50<br><span class="interval">[65.76, 68.24]</span></td>' in page
    assert '+3.00*<br><span class="interval">[0.50, 5.00]</span></td>' in page
    assert "+3.00*<br>[0.50, 5.00]" in (folder / "tables" / "abalone_table_ladder.md").read_text()
    assert "3 seeds in every cell" in page
    assert "Made for &lt;tests&gt;." in page
    assert "http" not in page
    assert page.index('id="headline"') < page.index('id="tables"') < page.index('id="figures"')
    headline = output["headline"].read_text().splitlines()
    assert headline[0] == f"Report: {output['report']}"
    assert 3 <= len(headline) <= 20


def test_the_headline_has_a_line_per_method_below_its_dataset(parts, build, tmp_path):
    for name in ("runs", "rows"):
        parts[name] = [item for item in parts[name] if item["method"] in ("pretrained", "base_queue", "msc_ft")]
        parts[name] = [item for item in parts[name] if item["method"] != "pretrained" or item["seed"] == 1]
    write_headline(build(parts), "results/quick/report.html", tmp_path / "headline.txt")
    assert (tmp_path / "headline.txt").read_text().splitlines() == [
        "Report: results/quick/report.html",
        "Test micro-F1 / macro-F1 (%), mean ± standard deviation over seeds:",
        "Long_tail & demo (MiniLM-L6)",
        "  Pre-trained     60.00        / 50.00",
        "  Base + queue    65.00 ± 0.50 / 55.00 ± 0.50",
        "  MSC fine-tuned  70.00 ± 0.50 / 60.00 ± 0.50",
        "AAPD (arXiv) (MiniLM-L6)",
        "  Pre-trained     60.00        / 50.00",
        "  Base + queue    65.00 ± 0.50 / 55.00 ± 0.50",
        "  MSC fine-tuned  70.00 ± 0.50 / 60.00 ± 0.50",
    ]


def test_a_warning_about_data_stands_before_every_number(study, tmp_path):
    study.cards["aapd"]["warnings"] = ["3 of 9 test texts are also in an earlier split"]
    write_headline(study, "report.html", tmp_path / "headline.txt")
    lines = (tmp_path / "headline.txt").read_text().splitlines()
    assert lines[1] == "Warning: AAPD (arXiv): 3 of 9 test texts are also in an earlier split"
    write_report(study, [], [], study_manifest(study.info, study.cards, []), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert 0 < page.index("3 of 9 test texts are also") < page.index('id="headline"')


def test_a_method_without_scores_on_a_dataset_has_no_headline_there(parts, build, tmp_path):
    for name in ("runs", "rows"):
        parts[name] = [i for i in parts[name] if i["method"] in ("bce", "msc") and i["dataset"] == "generated"]
    parts["rows"] = [row for row in parts["rows"] if row["method"] != "bce"]
    write_headline(build(parts), "report.html", tmp_path / "headline.txt")
    lines = (tmp_path / "headline.txt").read_text().splitlines()
    assert lines[2:] == ["Long_tail & demo (MiniLM-L6)", "  MSC  67.00 ± 0.50 / 57.00 ± 0.50"]


def test_a_long_headline_is_cut(study, tmp_path):
    # Two datasets of a heading and eleven methods, below two lines.
    write_headline(study, "report.html", tmp_path / "headline.txt")
    lines = (tmp_path / "headline.txt").read_text().splitlines()
    assert len(lines) == 20
    assert lines[-1] == "... and 7 more lines in the report"


def test_missing_cells_name_table_place_and_reason(parts, build):
    for name in ("runs", "rows"):
        parts[name] = [item for item in parts[name] if item["method"] != "focal"]
    missing = missing_cells([maker("abalone_table3")(build(parts))])
    reasons = {(where, note.split(";")[0]) for _, where, note in missing}
    assert ("AAPD (arXiv): L_FCL", "method focal is not in study quick") in reasons
    assert ("UK-LEX", "UK-LEX is not in study quick") in reasons
