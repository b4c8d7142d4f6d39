"""A user's own tables: CSV, JSONL, parquet, a saved dataset."""

import gzip

import datasets
import pandas as pd
import pytest
from pushpull.data.facts import problems
from pushpull.data.prepare import prepare
from pushpull.data.readers import read
from pushpull.errors import InputError

FRAME = pd.DataFrame(
    {
        "title": ["Grain up", "", "Snow"],
        "body": ["wheat and corn", "a ship sails", "it falls"],
        "topics": [["grain", "trade"], [], ["weather"]],
        "fold": ["train", "dev", "TEST"],
    }
)
LABELS = [("grain", "trade"), (), ("weather",)]


def table(folder, content: str | bytes, kind: str = "csv", **more) -> dict:
    path = folder / f"train.{kind}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {"reader": kind, "files": {"train": str(path)}, "text": "body", "labels": "topics", **more}


def test_csv_splits_the_labels_cell_and_numbers_the_rows(tmp_path):
    content = '\ufeffbody,topics,extra\r\n"one, two\r\nthree",red; blue;;red,1\r\n,,2\r\n'
    rows = read(table(tmp_path, content), None).splits["train"]
    assert rows == [("train-1", "one, two\r\nthree", ("red", "blue")), ("train-2", "", ())]


def test_csv_takes_ids_and_another_separator(tmp_path):
    rows = read(table(tmp_path, "number,body,topics\n7,x,a;b|c\n", id="number", separator="|"), None).splits["train"]
    assert rows == [("7", "x", ("a;b", "c"))]


def test_jsonl_labels_may_be_a_list_or_a_string_and_blank_lines_are_skipped(tmp_path):
    lines = ['{"body": "x", "topics": ["a;b", "c"]}', "", '{"body": "y", "topics": "a; c"}']
    lines += ['{"body": "z", "topics": []}']
    rows = read(table(tmp_path, "\n".join(lines), "jsonl"), None).splits["train"]
    assert [row.labels for row in rows] == [("a;b", "c"), ("a", "c"), ()]
    assert [row.id for row in rows] == ["train-1", "train-2", "train-3"]


@pytest.mark.parametrize(
    ("content", "kind", "more", "says"),
    [
        ("text,topics\nx,a\n", "csv", {}, "line 1: no column 'body'; there are: 'text', 'topics'"),
        (
            "body,topics\nx,a\ny,\n",
            "csv",
            {"task": "single"},
            r"line 3: no label, but `task: single` needs a class",
        ),
        ("body,topic\nx,a\n", "csv", {}, r"no column 'topics' \(is it 'topic'\?\); there are: 'body', 'topic'"),
        ("body,topics\nx,a\n", "csv", {"id": "nr"}, "line 1: no column 'nr'"),
        ("body,topics\nx,a\ny\n", "csv", {}, "line 3: not as many fields"),
        ("body,topics\nx,y,a\n", "csv", {}, "line 2: not as many fields"),
        ('body,topics\n"x"y,a\n', "csv", {}, "line 2: "),
        ("body,topics\ncaf\xe9,a\n".encode("latin-1"), "csv", {}, "not UTF-8"),
        ('{"body": "x", "topics": []}\n{"body": \n', "jsonl", {}, "line 2: not JSON"),
        ('["x"]\n', "jsonl", {}, "line 1: expected an object"),
        ('{"text": "x", "topics": []}\n', "jsonl", {}, "line 1: no column 'body'"),
        ('{"body": null, "topics": []}\n', "jsonl", {}, "line 1: body: expected a string, got None"),
        ('{"body": "x", "topics": 3.5}\n', "jsonl", {}, "line 1: topics: expected a string or a list"),
        ('{"body": "x", "topics": null}\n', "jsonl", {}, "write \\[\\] for no label"),
        (
            '{"body": "x", "topics": []}\n{"topics": [], "body": "x", "topics": ["a"]}\n',
            "jsonl",
            {},
            "line 2: the key 'topics' is there twice",
        ),
        ("body,topics,body\nx,a,y\n", "csv", {}, "line 1: 'body' is the name of more than one column"),
        ("body,topics,other,other\nx,a,1,2\n", "csv", {}, "line 1: 'other' is the name of more than one column"),
        ("body,topics\nx,a\ny,\"['b', 'c']\"\n", "csv", {}, "line 3: topics: .* is a list written as text.*to_json"),
        ('body,topics\nx,"{""a"", ""b""}"\n', "csv", {}, "line 2: topics: .* is a list written as text"),
        ('{"body": "x", "topics": "[\\"a\\"]"}\n', "jsonl", {}, "line 1: topics: .* is a list written as text"),
        ("body;topics\nx;a\n", "csv", {}, 'the header looks like one with `delimiter: ";"`'),
        ("body\ttopics\nx\ta\n", "csv", {}, r'the header looks like one with `delimiter: "\\t"`'),
        ("body,topics\nx,a\n", "csv", {"delimiter": ";"}, 'the header looks like one with `delimiter: ","`'),
        ("body,a,b\nx,1,0\ny,2,0\n", "csv", {"labels": ["a", "b"]}, "line 3: a: expected 0 or 1, got '2'"),
        ("body,a,b\nx,1,0\n", "csv", {"labels": ["a", "c"]}, "line 1: no column 'c'"),
        ('{"body": "x", "topics": ["a", 3.5]}\n', "jsonl", {}, "line 1: topics: expected a string or a list"),
        ('{"body": "x", "topics": [], "nr": null}\n', "jsonl", {"id": "nr"}, "line 1: nr: no id"),
    ],
)
def test_a_bad_table_is_named_with_file_and_line(tmp_path, content, kind, more, says):
    with pytest.raises(InputError, match=says) as error:
        read(table(tmp_path, content, kind, **more), None)
    assert f"train.{kind}" in str(error.value)


@pytest.mark.parametrize("reader", ["csv", "jsonl", "parquet"])
def test_a_missing_file_is_named(tmp_path, reader):
    entry = {"reader": reader, "text": "body", "labels": "topics", "files": {"train": "nowhere.csv"}}
    with pytest.raises(InputError, match=r"^nowhere\.csv is not there"):
        read(entry, None)


def test_one_file_with_a_split_column_gives_every_split(tmp_path):
    content = "body,topics,fold\na,x,train\nb,y,test\nc,x,dev\nd,y, Train\n"
    entry = table(tmp_path, content, split="fold")
    entry["files"] = entry["files"]["train"]
    splits = read(entry, None).splits
    assert {split: [row.text for row in rows] for split, rows in splits.items()} == {
        "train": ["a", "d"],
        "validation": ["c"],
        "test": ["b"],
    }
    assert [row.id for row in splits["train"]] == ["train-1", "train-2"]
    (tmp_path / "train.csv").write_text(content + "e,x,trial\n")
    with pytest.raises(InputError, match=r"train\.csv, line 6: fold: unknown split 'trial'"):
        read(entry, None)


def test_one_file_is_split_again_at_random(tmp_path):
    rows = "".join(f"text {number},{'ab'[number % 2]}\n" for number in range(20))
    entry = table(tmp_path, "body,topics\n" + rows, resplit={"validation": 3, "test": 5}, task="multi")
    entry["files"] = entry["files"]["train"]
    prepare("mine", entry, None, tmp_path / "out")
    sizes = [len(pd.read_parquet(tmp_path / f"out/{split}.parquet")) for split in ("train", "validation", "test")]
    assert sizes == [12, 3, 5]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"files": "all.csv"}, "files: one file needs `split:`"),
        ({"files": {"train": "a", "test": "b"}, "split": "fold"}, "split: goes with one file"),
        ({"files": {"train": "a.csv", "test": "a.csv"}}, "files: a.csv is named for more than one split"),
        ({"files": {"train": "a", "test": "b"}, "delimeter": ";"}, "did you mean 'delimiter'"),
        ({"files": {"train": "a", "test": "b"}, "text": ["t", "l"]}, "text: the column l is among the labels, too"),
        (
            {"files": {"train": "a", "test": "b"}, "labels": ["p", "q"], "separator": "|"},
            "separator: goes with one",
        ),
        (
            {"files": "a", "resplit": {"validation": 1, "test": 1}, "validation": 0.5},
            "validation: is cut from train",
        ),
        ({"files": {"train": "a", "validation": "v", "test": "b"}, "validation": 0.5}, "`files:` names one"),
    ],
)
def test_files_that_cannot_be_meant_are_refused_with_the_configuration(entry, says):
    lines = problems({"reader": "csv", "task": "multi", "title": "T", "text": "t", "labels": "l"} | entry)
    assert len(lines) == 1
    assert says in lines[0]


def test_several_text_columns_follow_each_other_and_empty_ones_are_left_out(tmp_path):
    content = "title,body,topics\nGrain up, wheat ,a\n,a ship,b\n"
    rows = read(table(tmp_path, content, text=["title", "body"]), None).splits["train"]
    assert [row.text for row in rows] == ["Grain up\nwheat", "a ship"]


def test_columns_of_0_and_1_are_labels_in_the_order_of_the_entry(tmp_path):
    content = "body,sport,war,art\na,1,0,1\nb,0,0,0\nc,1.0,True,\n"
    rows = read(table(tmp_path, content, labels=["war", "sport", "art"]), None).splits["train"]
    assert [row.labels for row in rows] == [("sport", "art"), (), ("war", "sport")]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_gzipped_file_is_read_and_a_cut_one_named(tmp_path, kind):
    content = {"csv": "body;topics\nnaïve 🌧;rain\n", "jsonl": '{"body": "naïve 🌧", "topics": "rain"}\n'}[kind]
    packed = gzip.compress(content.encode())
    more = {"delimiter": ";"} if kind == "csv" else {}
    entry = table(tmp_path, packed, kind, **more)
    (tmp_path / f"train.{kind}").rename(tmp_path / f"train.{kind}.gz")
    entry["files"] = {"train": str(tmp_path / f"train.{kind}.gz")}
    assert read(entry, None).splits["train"] == [("train-1", "naïve 🌧", ("rain",))]
    (tmp_path / f"train.{kind}.gz").write_bytes(packed[:-6])
    with pytest.raises(InputError, match=rf"train\.{kind}\.gz: not a gzip file that can be read"):
        read(entry, None)


def test_a_separator_that_never_occurs_is_warned_of_with_the_one_that_does(tmp_path):
    content = 'body,topics\na,"x, y"\nb,"y,z"\nc,x\nd,\n'
    warnings = read(table(tmp_path, content), None).warnings
    assert len(warnings) == 1
    assert "',' is in 2 of 3" in warnings[0] and "`separator: ','`" in warnings[0]
    assert not read(table(tmp_path, content, separator=","), None).warnings
    assert not read(table(tmp_path, "body,topics\na,x\nb,y\n"), None).warnings
    rare = "body,topics\n" + 'a,"Oil, gas"\n' + "b,y\n" * 9
    assert not read(table(tmp_path, rare), None).warnings


def test_parquet_of_pandas_and_numbered_classes_of_the_datasets_library(tmp_path):
    FRAME.to_parquet(tmp_path / "all.parquet")
    entry = {"reader": "parquet", "files": str(tmp_path / "all.parquet"), "split": "fold", "labels": "topics"}
    splits = read(entry | {"text": ["title", "body"]}, None).splits
    assert [splits[split][0].labels for split in ("train", "validation", "test")] == LABELS
    assert splits["validation"][0].text == "a ship sails"
    classes = datasets.ClassLabel(names=["no", "yes"])
    features = datasets.Features({"t": datasets.Value("string"), "c": classes, "many": datasets.List(classes)})
    rows = {"t": ["a", "b"], "c": [1, 0], "many": [[0, 1], []]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "hub.parquet")
    entry = {"reader": "parquet", "files": {"train": str(tmp_path / "hub.parquet")}, "text": "t"}
    for column, labels in (("c", [("yes",), ("no",)]), ("many", [("no", "yes"), ()])):
        assert [row.labels for row in read(entry | {"labels": column}, None).splits["train"]] == labels


def test_a_class_that_is_not_known_is_no_label(tmp_path):
    features = datasets.Features({"t": datasets.Value("string"), "c": datasets.ClassLabel(names=["no", "yes"])})
    datasets.Dataset.from_dict({"t": ["a"], "c": [-1]}, features=features).to_parquet(tmp_path / "test.parquet")
    entry = {"reader": "parquet", "files": {"train": str(tmp_path / "test.parquet")}, "text": "t", "labels": "c"}
    with pytest.raises(InputError, match=r"test\.parquet, row 1: c: expected a string or a list"):
        read(entry, None)


def test_a_saved_dataset_is_read_with_its_splits_and_other_splits_are_named(tmp_path):
    table = datasets.Dataset.from_pandas(FRAME)
    datasets.DatasetDict(train=table, test=table.select([0]), unsupervised=table).save_to_disk(str(tmp_path / "saved"))
    entry = {"reader": "datasets", "folder": str(tmp_path / "saved"), "text": "body", "labels": "topics"}
    documents = read(entry, None)
    assert [row.labels for row in documents.splits["train"]] == LABELS
    assert [row.id for row in documents.splits["test"]] == ["test-1"]
    assert documents.notes == ["splits of the folder that are not read: unsupervised"]
    with pytest.raises(InputError, match=r"saved/train: no column 'topic' \(labels:\); there are: title, body"):
        read(entry | {"labels": "topic"}, None)
    table.save_to_disk(str(tmp_path / "alone"))
    alone = entry | {"folder": str(tmp_path / "alone")}
    assert [len(rows) for rows in read(alone | {"split": "fold"}, None).splits.values()] == [1, 1, 1]
    with pytest.raises(InputError, match="has no splits; name a column under `split:`"):
        read(alone, None)
    with pytest.raises(InputError, match="holds no saved dataset"):
        read(entry | {"folder": str(tmp_path)}, None)


@pytest.mark.parametrize("share", [0.99, 0.5, 0.01])
@pytest.mark.parametrize("documents", [1, 2, 4])
def test_a_few_rows_are_prepared_or_refused_in_a_line(tmp_path, documents, share):
    rows = "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(documents))
    entry = table(tmp_path, "body,topics\n" + rows, task="multi", validation=share)
    (tmp_path / "test.csv").write_text("body,topics\nanother,a\n")
    entry["files"]["test"] = str(tmp_path / "test.csv")
    try:
        prepare("mine", entry, None, tmp_path / "out")
    except InputError as error:
        assert "mine" in str(error)
    else:
        assert len(pd.read_parquet(tmp_path / "out/train.parquet")) >= 1


def test_a_blank_before_a_quotation_mark_is_none_of_the_cell(tmp_path):
    rows = read(table(tmp_path, 'body,topics\nx, "a;b"\n'), None).splits["train"]
    assert rows == [("train-1", "x", ("a", "b"))]


def test_numbers_of_classes_are_names_also_in_lists(tmp_path):
    content = '{"body": "x", "topics": [3, 1]}\n{"body": "y", "topics": 3}\n'
    rows = read(table(tmp_path, content, "jsonl"), None).splits["train"]
    assert [row.labels for row in rows] == [("3", "1"), ("3",)]


def test_other_names_of_validation_are_known_in_a_saved_dataset(tmp_path):
    rows = datasets.Dataset.from_pandas(FRAME)
    datasets.DatasetDict(train=rows, dev=rows.select([1]), test=rows.select([0])).save_to_disk(str(tmp_path / "saved"))
    entry = {"reader": "datasets", "folder": str(tmp_path / "saved"), "text": "body", "labels": "topics"}
    documents = read(entry, None)
    assert {split: len(found) for split, found in documents.splits.items()} == {"train": 3, "validation": 1, "test": 1}
    assert documents.notes == []
