"""RCV1-v2 in its three forms, on small files of the exact formats with words of our own."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from pushpull.data.documents import Stream
from pushpull.data.facts import Facts
from pushpull.data.prepare import prepare
from pushpull.data.readers import read
from pushpull.errors import InputError

TOKENS = {"reader": "rcv1_v2"}
TRAIN = ".I 7\n.W\nharbour crane harbour\nship\n\n.I 9\n.W\n\n"  # the second text is empty
TEST = [
    ".I 30001\n.W\nyield bond\n\n.I 30002\n.W\nbond\n",  # no blank line at the end
    ".I 30003\r\n.W\r\nrain flood\r\n\r\n",
    ".I 30004\n.W\nship\n.I 30005\n.W\nvote\n\n\n",  # no blank line between, two at the end
    "",
]
QRELS = (
    "C15 7 1\nCCAT 7 1\nGCAT 9 1\nMCAT 30001 1\nM12 30001 1\nMCAT 30002 1\nGCAT 30003 1\nGCAT 30003 1\n"
    "CCAT 30004 1\nGCAT 30005 1\nGVOTE 30005 1\nC15 30004 1\nECAT 99999 1\n"
)
HIERARCHY = (
    "parent: None child: Root child-description: Root\n"
    "parent: Root child: CCAT           child-description: BUSINESS\n"
    "parent: CCAT child: C15  child-description: RESULTS, AND MORE\r\n"
)


def published(folder: Path, qrels: str = QRELS, train: str = TRAIN, zipped: bool = False) -> Path:
    """The files of LYRL2004 in `folder`, with a manifest."""
    texts = {"lyrl2004_tokens_train.dat": train, "rcv1-v2.topics.qrels": qrels}
    texts |= {f"lyrl2004_tokens_test_pt{part}.dat": text for part, text in enumerate(TEST)}
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        data = text.encode()
        (folder / f"{name}{'.gz' * zipped}").write_bytes(gzip.compress(data) if zipped else data)
    (folder / "manifest.json").write_text(json.dumps({"dataset": "rcv1_v2", "files": []}))
    return folder


@pytest.mark.parametrize("zipped", [False, True])
def test_token_files_give_the_chronological_split_with_topics_from_the_assignments(tmp_path, zipped):
    splits = read(TOKENS, published(tmp_path, zipped=zipped)).splits
    assert splits["train"] == [("7", "harbour crane harbour ship", ("C15", "CCAT")), ("9", "", ("GCAT",))]
    assert isinstance(splits["test"], Stream)
    for _ in range(2):
        assert list(splits["test"]) == [
            ("30001", "yield bond", ("MCAT", "M12")),
            ("30002", "bond", ("MCAT",)),
            ("30003", "rain flood", ("GCAT",)),
            ("30004", "ship", ("CCAT", "C15")),
            ("30005", "vote", ("GCAT", "GVOTE")),
        ]


def test_label_texts_are_the_descriptions_that_are_known_else_the_codes(tmp_path):
    codes = ["C15", "CCAT", "ECAT", "GCAT", "GVOTE", "M12", "MCAT"]
    assert read(TOKENS, published(tmp_path)).label_texts == {code: code for code in codes}
    (tmp_path / "rcv1.topics.hier.orig").write_text(HIERARCHY, newline="")
    texts = read(TOKENS, tmp_path).label_texts
    assert texts == {code: code for code in codes} | {"CCAT": "BUSINESS", "C15": "RESULTS, AND MORE"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"qrels": QRELS.replace("GCAT 9 1\n", "")}, r"train\.dat, line 6: document 9 has no topic in .*qrels"),
        ({"qrels": QRELS + "C15 7\n"}, r"qrels, line 14: expected `TOPIC id 1`, got 'C15 7'"),
        ({"qrels": QRELS + "C15 7 0\n"}, r"qrels, line 14: expected `TOPIC id 1`"),
        (
            {"train": TRAIN + ".I 8"},
            r"train\.dat, line 9: expected a line `\.I <id>` and a line `\.W`, got \['\.I 8'\]",
        ),
        ({"train": TRAIN + ".I"}, r"train\.dat, line 9: "),
        ({"train": ".I 7\nharbour\n\n" + TRAIN}, r"line 1: expected .* got \['\.I 7', 'harbour'\]"),
        ({"train": "harbour\n" + TRAIN}, r"line 1: expected .* got \['harbour'\]"),
    ],
)
def test_damaged_token_files_are_named_with_their_line(tmp_path, change, says):
    with pytest.raises(InputError, match=says):
        read(TOKENS, published(tmp_path, **change))


def test_a_missing_or_cut_off_file_is_named(tmp_path):
    published(tmp_path, zipped=True)
    cut = tmp_path / "lyrl2004_tokens_test_pt0.dat.gz"
    cut.write_bytes(cut.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"test_pt0\.dat\.gz, after line \d: damaged"):
        list(read(TOKENS, tmp_path).splits["test"])
    cut.unlink()
    with pytest.raises(InputError, match=r"test_pt0\.dat is not there, nor as \.gz"):
        read(TOKENS, tmp_path)


def test_a_test_document_without_topic_is_found_while_preparing_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("pushpull.data.prepare.facts", lambda _: Facts())  # of the whole collection
    train = "".join(f".I {number}\n.W\nship\n\n" for number in range(100, 110))
    qrels = QRELS.replace("CCAT 30004 1\n", "").replace("C15 30004 1\n", "")
    qrels += "".join(f"CCAT {number} 1\n" for number in range(100, 110))
    raw = published(tmp_path / "raw", qrels, train)
    with pytest.raises(InputError, match="document 30004 has no topic"):
        prepare("rcv1", TOKENS | {"task": "multi"}, raw, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def article(number: int, paragraphs: str, topics: str, regions: str = "CHL", headline: str = "Crane moved") -> bytes:
    codes = {"countries": regions, "topics": topics}
    metadata = "".join(
        f'<codes class="bip:{kind}:1.0">'
        + "".join(f'\n<code code="{code}">\n<editdetail action="confirmed"/>\n</code>' for code in names.split())
        + "\n</codes>\n"
        for kind, names in codes.items()
        if names
    )
    return (
        f'<?xml version="1.0" encoding="iso-8859-1" ?>\n<newsitem itemid="{number}" id="root" xml:lang="en">\n'
        f"<title>HERE: {headline}</title>\n<headline>{headline}</headline>\n<dateline>HERE</dateline>\n"
        f"<text>\n{paragraphs}\n</text>\n<copyright>nobody</copyright>\n<metadata>\n{metadata}</metadata>\n</newsitem>\n"
    ).encode("latin-1")


ARTICLES = {
    "19960820": {
        2300: article(2300, "<p>A caf\xe9 &amp; a crane.</p>\n<p>Second.</p>", "C1511 GDIP"),
        2287: article(2287, "", "GCAT", headline=""),
        2310: article(2310, "<p>No topic.</p>", ""),
        2311: article(2311, "<p>No region.</p>", "GCAT", regions=""),
    },
    "19960831": {
        26150: article(26150, "<p>The last one.</p>", "M141 MCAT C41"),
        26151: article(26151, "<p>The next one.</p>", "E511"),
    },
    "19970102": {300000: article(300000, "<p>Late.</p>", "G151 GCAT")},
}


def discs(folder: Path, kind: str) -> dict:
    """Entry of the articles in `folder`, a zip file or a folder a day."""
    folder.mkdir()
    for day, articles in ARTICLES.items():
        if kind == "zip":
            with zipfile.ZipFile(folder / f"{day}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
                for number, data in articles.items():
                    archive.writestr(f"{number}newsML.xml", data)
                archive.writestr("readme.txt", "not an article")
        else:
            (folder / day).mkdir()
            for number, data in articles.items():
                (folder / day / f"{number}newsML.xml").write_bytes(data)
    return {"reader": "rcv1_v2_xml", "task": "multi", "folder": str(folder)}


@pytest.mark.parametrize("kind", ["zip", "plain"])
def test_articles_become_rcv1_v2(tmp_path, kind):
    documents = read(discs(tmp_path / "discs", kind), None)
    assert documents.splits["train"] == [
        ("2287", "", ("GCAT",)),
        ("2300", "Crane moved\nA caf\xe9 & a crane.\nSecond.", ("C1511", "C151", "C15", "CCAT", "GDIP", "GCAT")),
        ("26150", "Crane moved\nThe last one.", ("M141", "M14", "MCAT", "C41", "CCAT")),
    ]
    assert isinstance(documents.splits["test"], Stream)
    for _ in range(2):
        assert list(documents.splits["test"]) == [
            ("26151", "Crane moved\nThe next one.", ("E511", "E51", "ECAT")),
            ("300000", "Crane moved\nLate.", ("G151", "G15", "GCAT")),
        ]


def test_prepared_articles_name_the_zip_files_and_take_the_descriptions_beside_them(tmp_path):
    entry = discs(tmp_path / "discs", "zip")
    (tmp_path / "discs" / "rcv1.topics.hier.orig").write_text(HIERARCHY)
    prepare("mine", entry | {"resplit": {"validation": 1, "test": 1}}, None, tmp_path / "out")
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert [Path(source["file"]).name for source in card["sources"]] == [f"{day}.zip" for day in ARTICLES]
    assert card["licence"] == "the user's own files"
    texts = {label["name"]: label["text"] for label in card["labels"]}
    assert (texts["CCAT"], texts["C15"], texts["GCAT"]) == ("BUSINESS", "RESULTS, AND MORE", "GCAT")


BOMB = b'<!DOCTYPE newsitem [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (ARTICLES["19960820"][2300].replace(b"?>", b"?>" + BOMB, 1), "declares a document type or entities"),
        (b'<!DOCTYPE newsitem SYSTEM "file:///etc/hostname"><newsitem itemid="2300"/>', "declares a document type"),
        ('<!DOCTYPE newsitem []><newsitem itemid="2300"/>'.encode("utf-16"), "or is UTF-16"),
        (b'<newsitem itemid="2300">', "not XML"),
        (b'<?xml version="1.0" encoding="no-such"?><newsitem itemid="2300"/>', "not XML"),
        (ARTICLES["19970102"][300000], 'expected <newsitem itemid="2300">, got <newsitem itemid="300000">'),
        (b'<item itemid="2300"/>', 'got <item itemid="2300">'),
        (b" " * 10_000_001, "10,000,001 bytes"),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "plain"])
def test_an_article_that_is_not_one_is_refused_by_name(tmp_path, kind, data, says):
    if kind == "plain":
        (tmp_path / "2300newsML.xml").write_bytes(data)
    else:
        with zipfile.ZipFile(tmp_path / "day.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("2300newsML.xml", data)
    with pytest.raises(InputError, match=says) as error:
        read({"reader": "rcv1_v2_xml", "folder": str(tmp_path)}, None)
    assert "2300newsML.xml" in str(error.value)


def test_a_folder_without_articles_or_with_two_copies_of_them_is_refused(tmp_path):
    entry = discs(tmp_path / "discs", "zip")
    with pytest.raises(InputError, match="holds no zip file and no article"):
        read(entry | {"folder": str(tmp_path / "nowhere")}, None)
    (tmp_path / "discs" / "2300newsML.xml").write_bytes(ARTICLES["19960820"][2300])
    with pytest.raises(InputError, match="keep the zip files or what was in them"):
        read(entry, None)
    (tmp_path / "discs" / "2300newsML.xml").unlink()
    (tmp_path / "discs" / "19960820.zip").write_bytes(b"PK but no archive")
    with pytest.raises(InputError, match=r"19960820\.zip: not a zip file"):
        read(entry, None)


def json_files(folder: Path, train: str) -> dict:
    (folder / "train.json").write_text(train, newline="", encoding="utf-8")
    (folder / "dev.json.gz").write_bytes(gzip.compress(b'{"doc_label": ["GCAT"], "doc_token": ["vote"]}'))
    (folder / "test.json").write_text('{"doc_label": [], "doc_token": ["rain", "flood"], "doc_topic": []}\n')
    files = {"train": "train.json", "validation": "dev.json.gz", "test": "test.json"}
    return {"reader": "rcv1_v2_json", "files": {split: str(folder / name) for split, name in files.items()}}


def test_json_lines_are_words_and_topics(tmp_path):
    train = '{"doc_label": ["C15", "CCAT", "C15"], "doc_token": ["caf\xe9", "opens"]}\r\n\r\n'
    train += '{"doc_label": ["GCAT"], "doc_token": []}'
    entry = json_files(tmp_path, train)
    documents = read(entry, None)
    assert {split: list(rows) for split, rows in documents.splits.items()} == {
        "train": [("train-1", "caf\xe9 opens", ("C15", "CCAT")), ("train-2", "", ("GCAT",))],
        "validation": [("validation-1", "vote", ("GCAT",))],
        "test": [("test-1", "rain flood", ())],
    }
    assert documents.label_texts == {}
    (tmp_path / "rcv1.label_meaning").write_text("CCAT: BUSINESS\n\tC15: RESULTS C16: ENDS, AND\n\t    C1511: YEAR'S\n")
    texts = {"CCAT": "BUSINESS", "C15": "RESULTS", "C16": "ENDS, AND", "C1511": "YEAR'S"}
    assert read(entry, None).label_texts == texts


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"doc_label": ["C15"]', "line 2: not JSON"),
        ('{"doc_label": ["C15"]}', "line 2: expected an object with 'doc_token', a list of strings"),
        ('{"doc_label": "C15", "doc_token": []}', "line 2: expected an object with 'doc_label', a list of strings"),
        ('{"doc_label": [3], "doc_token": []}', "line 2: expected an object with 'doc_label'"),
        ('["C15"]', "line 2: expected an object with 'doc_token'"),
    ],
)
def test_a_line_of_another_form_is_named(tmp_path, line, says):
    entry = json_files(tmp_path, '{"doc_label": [], "doc_token": []}\n' + line)
    with pytest.raises(InputError, match=rf"train\.json, {says}"):
        list(read(entry, None).splits["train"])


def test_json_files_that_are_missing_or_not_utf8_are_named(tmp_path):
    entry = json_files(tmp_path, "")
    (tmp_path / "train.json").write_bytes('{"doc_label": [], "doc_token": ["caf\xe9"]}'.encode("latin-1"))
    with pytest.raises(InputError, match=r"train\.json, after line 0: not UTF-8"):
        list(read(entry, None).splits["train"])
    with pytest.raises(InputError, match=r"files: test: nowhere\.json is not there"):
        read(entry | {"files": entry["files"] | {"test": "nowhere.json"}}, None)
