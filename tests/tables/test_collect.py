import csv
import json
from types import SimpleNamespace

import pytest
from pushpull.errors import InputError
from pushpull.tables.collect import collect, open_shown, open_study

HEADER = "protocol,split,metric,value\n"
RUN = {
    "paper": "abalone",
    "dataset": "d",
    "encoder": "e",
    "method": "m",
    "setting": "s",
    "seed": 3,
    "path": "p",
}


def test_rows_follow_the_runs_and_keep_every_digit(tmp_path):
    (tmp_path / "a.csv").write_text(HEADER + "knn,test,micro_f1,0.12345678901234567\n")
    (tmp_path / "b.csv").write_text(HEADER + "knn,test,micro_f1,0.5\nknn,test,macro_f1,nan\n")
    runs = [RUN | {"seed": 1}, RUN | {"seed": 0}]
    collect([tmp_path / "b.csv", tmp_path / "a.csv"], runs, tmp_path / "out" / "metrics.csv")
    assert (tmp_path / "out" / "metrics.csv").read_text() == (
        "paper,dataset,encoder,method,setting,seed,protocol,split,metric,value\n"
        "abalone,d,e,m,s,1,knn,test,micro_f1,0.5\n"
        "abalone,d,e,m,s,1,knn,test,macro_f1,nan\n"
        "abalone,d,e,m,s,0,knn,test,micro_f1,0.12345678901234567\n"
    )


def test_a_run_that_serves_two_papers_appears_once_for_each(tmp_path):
    (tmp_path / "a.csv").write_text(HEADER + "knn,test,micro_f1,0.5\n")
    collect([tmp_path / "a.csv"] * 2, [RUN, RUN | {"paper": "push_pull"}], tmp_path / "metrics.csv")
    with (tmp_path / "metrics.csv").open() as stream:
        assert [row["paper"] for row in csv.DictReader(stream)] == ["abalone", "push_pull"]


@pytest.mark.parametrize("content", ["", "protocol,metric,value\n", HEADER + "knn,test\n"])
def test_a_broken_metrics_file_is_named_and_leaves_nothing(tmp_path, content):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(InputError, match=r"a\.csv"):
        collect([tmp_path / "a.csv"], [RUN], tmp_path / "metrics.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


def record_of(*runs):
    names = {part: {run[part[:-1]]: {} for run in runs} for part in ("datasets", "encoders", "methods")}
    return {"study": "own", "runs": list(runs)} | names


def test_label_distances_are_a_row_for_each_pair_of_classes(tmp_path):
    run = RUN | {"seed": 2, "path": str(tmp_path)}
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "label_distances.csv").write_text("grain,trade\n1.0,2.5\n3.0,1.0\n")
    study = open_shown(record_of(run), SimpleNamespace(get={"models": [str(tmp_path / "model")]}.get))
    assert study.label_distances.to_csv(index=False) == (
        "dataset,encoder,method,setting,seed,first,second,distance\n"
        "d,e,m,s,2,grain,grain,1.0\nd,e,m,s,2,grain,trade,2.5\nd,e,m,s,2,trade,grain,3.0\nd,e,m,s,2,trade,trade,1.0\n"
    )


def test_a_table_reads_the_files_it_is_given_and_the_runs_they_are_of(tmp_path):
    runs = [
        RUN | {"seed": seed, "paper": paper, "path": str(tmp_path / f"seed{seed}")} for paper in "ab" for seed in (1, 2)
    ]
    for seed in (1, 2):
        (tmp_path / f"seed{seed}").mkdir()
        (tmp_path / f"seed{seed}" / "metrics.csv").write_text(HEADER + f"knn,test,micro_f1,0.{seed}\n")
        timed = {"device": "cpu X", "metrics": {"ms_single": seed, "documents": 9}}
        (tmp_path / f"seed{seed}" / "inference.json").write_text(json.dumps(timed))
    record = record_of(*runs)
    given = {"metrics": [str(tmp_path / "seed2/metrics.csv")], "inference": [str(tmp_path / "seed1/inference.json")]}
    study = open_shown(record, SimpleNamespace(get=given.get))
    assert study.info == record
    assert {key[0]: list(rows.seed) for key, rows in study.metrics.items()} == {"a": [2], "b": [2]}
    assert [len(found) for found in study.runs.values()] == [2, 2]
    # However many papers a run serves, it is timed once.
    assert study.inference.to_csv(index=False) == (
        "dataset,encoder,method,setting,seed,metric,value,device\n"
        "d,e,m,s,1,ms_single,1,cpu X\nd,e,m,s,1,documents,9,cpu X\n"
    )
    assert not study.cards and not study.comparisons and study.neighbourhoods.empty and study.label_distances.empty


def test_the_report_reads_the_collected_metrics_and_what_was_timed(tmp_path):
    (tmp_path / "metrics.csv").write_text(HEADER + "knn,test,micro_f1,0.5\n")
    run = RUN | {"path": str(tmp_path)}
    collect([tmp_path / "metrics.csv"], [run], tmp_path / "all.csv")
    (tmp_path / "runs.json").write_text(json.dumps(record_of(run)))
    (tmp_path / "inference.json").write_text(json.dumps({"device": "cpu X", "metrics": {"documents": 9}}))
    files = {"metrics": tmp_path / "all.csv", "runs": tmp_path / "runs.json", "cards": [], "comparisons": []}
    study = open_study(SimpleNamespace(**files, inference=[str(tmp_path / "inference.json")]))
    assert study.metrics["abalone", "d", "e", "m"].value.tolist() == [0.5]
    assert study.inference.value.tolist() == [9]
