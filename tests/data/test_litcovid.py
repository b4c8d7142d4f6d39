"""BC7-LitCovid in the published form, with articles of our own."""

import csv

import pytest
from pushpull.data.documents import Document
from pushpull.data.facts import Facts, facts
from pushpull.data.readers import litcovid, read
from pushpull.errors import InputError

COLUMNS = ["pmid", "journal", "title", "abstract", "keywords", "pub_type", "authors", "doi", "label"]


def row(title: str, abstract: str, label: str, pmid: str = "7") -> list[str]:
    return [pmid, "J Ponds", title, abstract, "ducks;frogs", "Letter", "Duck, D;Frog, F", "", label]


SPLITS = {
    "Train": [
        row("Masks for ducks", 'Ducks, "masked", were\ncounted.', "Prevention;Transmission"),
        row("A frog coughs", "", "Case Report", pmid="7"),
        row("", "Only an abstract.", " Treatment ; Mechanism;Treatment;"),
    ],
    "Dev": [row("Ducks next year", "A curve.", "Epidemic Forecasting")],
    "Test-GS": [row("A test for frogs", "It is green.", "Diagnosis"), row("No topic", "At all.", "")],
}


def put(folder, splits=SPLITS, columns=COLUMNS):
    for name, rows in splits.items():
        with (folder / f"BC7-LitCovid-{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([columns, *rows])
    return folder


def test_title_abstract_and_topics_of_the_three_files_are_read(tmp_path):
    documents = read({"reader": "litcovid"}, put(tmp_path))
    assert documents.splits == {
        "train": [
            Document("train-1", 'Masks for ducks\nDucks, "masked", were\ncounted.', ("Prevention", "Transmission")),
            Document("train-2", "A frog coughs", ("Case Report",)),
            Document("train-3", "Only an abstract.", ("Treatment", "Mechanism")),
        ],
        "validation": [Document("validation-1", "Ducks next year\nA curve.", ("Epidemic Forecasting",))],
        "test": [
            Document("test-1", "A test for frogs\nIt is green.", ("Diagnosis",)),
            Document("test-2", "No topic\nAt all.", ()),
        ],
    }
    assert documents.notes == ["published: 24,960 / 6,239 / 2,500 documents; in these files: 3 / 1 / 2"]
    assert len(documents.label_texts) == 7
    assert documents.label_texts["Case Report"] == "case report"


def test_the_published_sizes_need_no_note(tmp_path, monkeypatch):
    sizes = Facts(published={"train": 3, "validation": 1, "test": 2})
    monkeypatch.setattr(litcovid, "facts", lambda _: sizes)
    assert read({"reader": "litcovid"}, put(tmp_path)).notes == []


def test_the_users_own_copies_are_read_also_without_validation(tmp_path):
    put(tmp_path)
    files = {split: str(tmp_path / f"BC7-LitCovid-{name}.csv") for split, name in (("train", "Train"), ("test", "Dev"))}
    documents = read({"reader": "litcovid", "files": files}, None)
    assert {split: len(rows) for split, rows in documents.splits.items()} == {"train": 3, "test": 1}
    files["test"] = "nowhere.csv"
    with pytest.raises(InputError, match=r"nowhere\.csv is not there"):
        read({"reader": "litcovid", "files": files}, None)


@pytest.mark.parametrize("label", ["Treatments", "Prevention,Treatment", "Prevention;treatment"])
def test_an_unknown_topic_is_named_with_file_and_line(tmp_path, label):
    wrong = SPLITS | {"Dev": [*SPLITS["Dev"], row("A", "b", label)]}
    with pytest.raises(InputError, match=r"BC7-LitCovid-Dev\.csv, line 3: unknown topic '.*': did you mean '"):
        read({"reader": "litcovid"}, put(tmp_path, wrong))


def test_a_missing_column_and_other_bytes_than_utf8_are_named(tmp_path):
    with pytest.raises(InputError, match=r"Train\.csv, line 1: no column 'label' \(is it 'labels'\?\)"):
        read({"reader": "litcovid"}, put(tmp_path, columns=[*COLUMNS[:-1], "labels"]))
    (put(tmp_path) / "BC7-LitCovid-Dev.csv").write_bytes(b"title,abstract,label\ncaf\xe9,b,Treatment\n")
    with pytest.raises(InputError, match=r"BC7-LitCovid-Dev\.csv: not UTF-8"):
        read({"reader": "litcovid"}, tmp_path)


def test_the_files_are_those_of_the_sources():
    urls = [item["url"] for item in facts("litcovid").sources]
    assert [url.rpartition("/")[2] for url in urls] == list(litcovid._FILES.values())
