"""The report of a study: one HTML file with every table and figure, and what was run on what."""

import base64
import re
from collections.abc import Mapping, Sequence
from os.path import relpath
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from pushpull.files import atomic_path
from pushpull.papers import figure_caption, maker
from pushpull.report.overview import main_table, overview_table
from pushpull.tables.missing import completeness, missing_groups
from pushpull.tables.rendering import full_caption, lay_out, mean_std
from pushpull.tables.rows import MICRO_F1
from pushpull.tables.study import Study
from pushpull.tables.table import Table

HEADLINE_LINES = 20


def write_report(
    study: Study,
    table_files: Sequence[str | Path],
    figure_files: Sequence[str | Path],
    manifest: Mapping,
    path: str | Path,
) -> None:
    """Write `report.html`, which needs no other file: figures are embedded, tables are part of it.

    Args:
        table_files: files called {paper}_table{n}.csv, .md, ...; linked to, their numbers come from `study`.
        figure_files: files called {paper}_figure{n}.png, which are shown; a PDF beside one is linked to.
        manifest: what `study_manifest` returns.
    """
    folder = Path(path).parent
    tables = [maker(name)(study) for name in dict.fromkeys(Path(file).stem for file in table_files)]
    extra = [overview_table(study, paper) for paper in study.papers()]
    page = _template().render(
        study=study.info,
        headlines=[_table_view(main_table(study, paper), [], folder) for paper in study.papers()],
        tables=[_table_view(table, table_files, folder) for table in tables],
        overviews=[_table_view(table, [], folder) for table in extra],
        figures=[_figure_view(Path(file), folder) for file in figure_files],
        datasets=list(study.cards.values()),
        methods=[(study.title("methods", method), *_settings(study, method)) for method in study.info["methods"]],
        missing=missing_cells(tables),
        warning=completeness(study),
        doubts=data_warnings(study),
        missing_runs=missing_groups(study),
        manifest=manifest,
        encoders=[study.title("encoders", encoder) for encoder in study.info["encoders"]],
        seeds=sorted({run["seed"] for run in study.info["runs"]}),
        runs=len({run["path"] for run in study.info["runs"]}),
    )
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def write_headline(study: Study, report: str | Path, path: str | Path) -> None:
    """Write at most 20 lines for the terminal: where the report is, and each method's scores by dataset and encoder."""
    lines = [f"Report: {report}", *filter(None, [completeness(study)])]
    lines += [f"Warning: {title}: {warning}" for title, warning in data_warnings(study)]
    lines += ["Test micro-F1 / macro-F1 (%), mean ± standard deviation over seeds:"]
    lines += [line for paper in study.papers() for line in _headline(main_table(study, paper))]
    if len(lines) > HEADLINE_LINES:
        left = lines[HEADLINE_LINES - 1 :]
        lines[HEADLINE_LINES - 1 :] = [f"... and {len(left)} more lines in the report"]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def data_warnings(study: Study) -> list[tuple[str, str]]:
    """Return (dataset, what its data may not mean as the user thinks) as the cards of the datasets say it."""
    return [(card["title"], warning) for card in study.cards.values() for warning in card.get("warnings", ())]


def missing_cells(tables: Sequence[Table]) -> list[tuple[str, str, str]]:
    """Return what has no value as (table, where, reason), one entry per table, reason and dataset."""
    entries = []
    for table in tables:
        missing = table.cells[table.cells["mean"].isna()]
        total = table.cells.groupby("dataset").row.nunique()
        for (note, dataset), part in missing.groupby(["note", "dataset"], sort=False):
            rows = part.row.drop_duplicates()
            where = table.label("datasets", dataset)
            if len(rows) < total[dataset]:
                where += ": " + ", ".join(rows)
            entries.append((table.title, where, note))
    return entries


def _headline(table: Table) -> list[str]:
    """Return a heading per dataset and encoder, below it a line per method that has scores, all aligned."""
    lines = []
    width = table.cells.row.str.len().max()
    for (dataset, encoder), part in table.cells.groupby(["dataset", "encoder"], sort=False):
        lines.append(f"{table.label('datasets', dataset)} ({table.label('encoders', encoder)})")
        for row, pair in part.groupby("row", sort=False):
            if pair["mean"].notna().all():
                micro, macro = (mean_std(cell.mean, cell.std, MICRO_F1.decimals) for cell in pair.itertuples())
                lines.append(f"  {row:{width}}  {micro:12} / {macro}")
    return lines


def _table_view(table: Table, files: Sequence[str | Path], folder: Path) -> dict:
    own = [Path(file) for file in files if Path(file).stem == table.name]
    return {
        "name": table.name,
        "title": table.title,
        "caption": full_caption(table),
        "grid": lay_out(table),
        "links": [(file.suffix[1:], relpath(file, folder)) for file in own],
    }


def _figure_view(png: Path, folder: Path) -> dict:
    paper, figure = png.stem.rsplit("_figure", 1)
    found = [file for file in (png.with_suffix(".pdf"), png) if file.exists()]
    return {
        "name": png.stem,
        "title": f"{paper.upper().replace('_', '-')}, Figure {figure.removeprefix('_')}",
        "caption": figure_caption(png.stem),
        "image": base64.b64encode(png.read_bytes()).decode("ascii"),
        "links": [(file.suffix[1:], relpath(file, folder)) for file in found],
    }


def _settings(study: Study, method: str) -> tuple[str, int, list[tuple[str, str]]]:
    """Return kind and number of runs of a method, and its resolved settings with every value that occurs."""
    runs = [run for run in study.info["runs"] if run["method"] == method]
    values: dict[str, dict[str, None]] = {}
    for run in runs:
        for key, value in run["settings"].items():
            values.setdefault(key, {})[str(value)] = None
    return (
        study.kind(method),
        len({run["path"] for run in runs}),
        [(k, ", ".join(v)) for k, v in values.items()],
    )


def _template():
    environment = Environment(
        loader=PackageLoader("pushpull", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = lambda text: Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
    return environment.get_template("report.html.j2")
