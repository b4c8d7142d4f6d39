"""The numbers that the papers print, from the CSV files in the folder of each paper."""

from pathlib import Path

import pandas as pd

from pushpull.tables.shown import PAPERS, printed_file

COLUMNS = ["row", "dataset", "metric", "value", "unit", "notes"]
SUSPECT = "SUSPECT"


def printed_values(paper: str, table: str, folder: Path = PAPERS) -> pd.DataFrame:
    """Return the printed values of one table, as `row, dataset, metric, value, unit, notes`.

    Cells whose notes contain SUSPECT (likely misprints) are left out, because they are no target. A trailing
    " test" of a data set's name (ABALONE, Table 4) names the split and is cut off.

    Args:
        paper: key of the paper, such as "abalone".
        table: such as "table3".

    Raises:
        InputError: there is no such file, or more than one.

    Example:
        >>> values = printed_values("abalone", "table3").set_index(["row", "dataset", "metric"]).value
        >>> float(values["L_MSC", "AAPD", "micro_f1"])
        73.84
    """
    values = _read(paper, table, folder)
    return values[~values.notes.str.contains(SUSPECT)].reset_index(drop=True)


def suspect_values(paper: str, table: str, folder: Path = PAPERS) -> pd.DataFrame:
    """Return what `printed_values` leaves out: likely misprints, to be shown and not compared with.

    Example:
        >>> suspect_values("clld", "table2")[["row", "dataset", "value"]].values.tolist()
        [['ALBERT+CLLD', 'MR', 97.0]]
    """
    values = _read(paper, table, folder)
    suspects = values[values.notes.str.contains(SUSPECT)].reset_index(drop=True)
    return suspects.assign(notes=suspects.notes.str.removeprefix(f"{SUSPECT}: "))


def no_printed_values() -> pd.DataFrame:
    """Return what `printed_values` returns for a table that no paper prints: no row."""
    return pd.DataFrame(columns=COLUMNS)


def _read(paper: str, table: str, folder: Path) -> pd.DataFrame:
    values = pd.read_csv(printed_file(paper, table, folder), keep_default_na=False, dtype={"value": float})
    return values.assign(dataset=values.dataset.str.removesuffix(" test"))[COLUMNS]
