import csv

import pytest
from pushpull.errors import InputError
from pushpull.paper.collect import collect, collect_label_distances

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


def test_label_distances_are_a_row_for_each_pair_of_classes(tmp_path):
    (tmp_path / "a.csv").write_text("grain,trade\n1.0,2.5\n3.0,1.0\n")
    collect_label_distances([tmp_path / "a.csv"], [RUN | {"seed": 2}], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == (
        "dataset,encoder,method,setting,seed,first,second,distance\n"
        "d,e,m,s,2,grain,grain,1.0\nd,e,m,s,2,grain,trade,2.5\nd,e,m,s,2,trade,grain,3.0\nd,e,m,s,2,trade,trade,1.0\n"
    )
