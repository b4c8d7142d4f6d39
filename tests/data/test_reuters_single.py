"""R8 and R52 derived from small SGML files of our own words."""

import pytest
from pushpull.data.readers import read
from pushpull.errors import InputError

# Topic -> training documents with this topic alone, beside two of tin below.
FREQUENT = ("acq", "crude", "earn", "grain", "interest", "money-fx", "ship", "trade")
COUNTS = dict.fromkeys(FREQUENT, 4) | {"rare": 2, "trainonly": 2}


def sgml(number: int, topics: list[str], text: str, split: str, marked: str = "YES") -> str:
    listed = "".join(f"<D>{topic}</D>" for topic in topics)
    return (
        f'<REUTERS TOPICS="{marked}" LEWISSPLIT="{split}" CGISPLIT="TRAINING-SET" NEWID="{number}">\n'
        f"<TOPICS>{listed}</TOPICS>\n<TEXT>{text}</TEXT>\n</REUTERS>\n"
    )


def text(title: str, body: str) -> str:
    return f"<TITLE>{title}</TITLE>\n<DATELINE>HERE</DATELINE><BODY>{body}\n&#3;</BODY>"


@pytest.fixture
def raw(tmp_path):
    train = [(topic,) for topic, count in COUNTS.items() for _ in range(count)]
    train += [("grain", "corn")] * 3 + [("wheat", "grain")] * 3 + [()]
    test = [*((topic,) for topic in (*FREQUENT, "tin", "testonly")), ("rare", "rare"), ("tin", "earn"), ("corn",)]
    rows = [("TRAIN", topics) for topics in train] + [("TEST", topics) for topics in test]
    records = [sgml(n, list(topics), text(f"No. {n}", "x"), split) for n, (split, topics) in enumerate(rows, 1)]
    records += [
        sgml(900, ["tin"], text("Tin &lt;TN.O> RISES 3.5 PCT", "It\ncost U.S. 2&amp;3 caf\xe9s."), "TRAIN"),
        sgml(901, ["tin"], "ONLY\nA TABLE 12&#127;\n&#3;", "TRAIN"),
        sgml(902, ["tin"], text("UNUSED", "x"), "NOT-USED"),
        sgml(903, ["tin"], text("UNMARKED", "x"), "TRAIN", "NO"),
    ]
    (tmp_path / "reut2-000.sgm").write_bytes("".join(records).encode("latin-1"))
    return tmp_path


def counts(documents) -> dict[str, dict[str, int]]:
    found = {split: [row.labels for row in rows] for split, rows in documents.splits.items()}
    assert all(len(labels) == 1 for rows in found.values() for labels in rows)
    return {split: {labels[0]: rows.count(labels) for labels in rows} for split, rows in found.items()}


def test_r52_are_the_classes_of_both_splits_among_documents_with_one_topic(raw):
    documents = read({"reader": "reuters_single", "corpus": "r52"}, raw)
    # "rare" has one test document, which names it twice: two entries, so it is not used, and the class is gone.
    assert counts(documents) == {
        "train": dict.fromkeys(FREQUENT, 4) | {"tin": 2},
        "test": dict.fromkeys((*FREQUENT, "tin"), 1),
    }
    assert documents.label_texts["money-fx"] == "money and foreign exchange"
    assert set(documents.label_texts) == {*FREQUENT, "tin"}


def test_r8_are_those_among_the_ten_most_frequent_topics(raw):
    # The ten are these eight, corn and wheat: these two are never alone, and tin comes after them.
    documents = read({"reader": "reuters_single", "corpus": "r8"}, raw)
    assert counts(documents) == {"train": dict.fromkeys(FREQUENT, 4), "test": dict.fromkeys(FREQUENT, 1)}
    assert set(documents.label_texts) == set(FREQUENT)


def test_texts_are_title_and_body_in_lower_case_letters(raw):
    texts = {row.id: row.text for row in read({"reader": "reuters_single", "corpus": "r52"}, raw).splits["train"]}
    assert texts["900"] == "tin tn o rises pct it cost u s caf s"
    assert texts["901"] == "only a table"
    assert not {"902", "903"} & set(texts)


def test_no_files_and_own_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"reut2-000\.sgm to reut2-021\.sgm"):
        read({"reader": "reuters_single", "corpus": "r8"}, tmp_path)
    with pytest.raises(InputError, match="a reuters_single dataset has no `files:`"):
        read({"reader": "reuters_single", "corpus": "r8", "files": {"train": "a", "test": "b"}}, None)
    with pytest.raises(InputError, match="corpus: unknown corpus 'R8': did you mean 'r8'"):
        read({"reader": "reuters_single", "corpus": "R8"}, tmp_path)
