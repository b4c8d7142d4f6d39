"""Readers, on small files of the exact published formats."""

import subprocess
import sys

import pytest
from pushpull.data import facts, readers
from pushpull.data.readers import read
from pushpull.errors import InputError

DESCRIPTIONS = """Some notes
****Subject Codes (135)

Crude Oil (CRUDE)
Mergers/Acquisitions (ACQ)

**Commodity Codes (78)

ALUM
________________________________________________________________
Agency of Crude Things (CRUDE)
"""


def sgml(number: int, topics: str, text: str, split: str = "TRAIN", marked: str = "YES") -> str:
    return (
        f'<REUTERS TOPICS="{marked}" LEWISSPLIT="{split}" CGISPLIT="TRAINING-SET" NEWID="{number}">\n'
        f"<DATE> 1-APR-1987</DATE>\n<TOPICS>{topics}</TOPICS>\n<PLACES><D>chile</D></PLACES>\n"
        f"<UNKNOWN>\n&#5;&#5;&#5;C</UNKNOWN>\n{text}\n</REUTERS>\n"
    )


def both(title: str, body: str) -> str:
    dateline = "<DATELINE>  HERE, April 1 - </DATELINE>"
    return f"<TEXT>&#2;\n<TITLE>{title}</TITLE>\n{dateline}<BODY>{body}\n&#3;</BODY></TEXT>"


@pytest.fixture
def reuters(tmp_path):
    first = [
        sgml(1, "<D>crude</D><D>alum</D>", both("WELL FOUND", "Oil &lt;AB&amp;C> caf\xe9 in\ntwo lines.")),
        sgml(
            2,
            "<D>crude</D>",
            '<TEXT TYPE="BRIEF">&#2;\n******<TITLE>ONLY A TITLE\n</TITLE>Blah.\n&#3;\n</TEXT>',
        ),
        sgml(3, "<D>crude</D>", '<TEXT TYPE="UNPROC">&#2;\nTABLE 1 &#127; 2\n&#3;\n</TEXT>'),
        sgml(4, "<D>rareone</D>", both("TRAIN ONLY", "no test document has this topic")),
        sgml(5, "<D>crude</D>", both("UNUSED", "x"), split="NOT-USED"),
        sgml(6, "<D>crude</D>", both("UNMARKED", "x"), marked="NO"),
        sgml(7, "", both("NO TOPIC", "x")),
    ]
    second = [
        sgml(8, "<D>crude</D><D>crude</D>", both("REPEATED", "topic"), split="TEST"),
        sgml(9, "<D>alum</D><D>testonly</D>", both("METAL", "bars"), split="TEST"),
    ]
    head = '<!DOCTYPE lewis SYSTEM "lewis.dtd">\n'
    (tmp_path / "reut2-000.sgm").write_bytes((head + "".join(first)).encode("latin-1"))
    (tmp_path / "reut2-001.sgm").write_bytes((head + "".join(second)).encode("latin-1"))
    (tmp_path / "cat-descriptions_120396.txt").write_text(DESCRIPTIONS)
    return tmp_path


def test_reuters_keeps_modapte_documents_with_a_topic_of_both_splits(reuters):
    documents = read({"reader": "reuters21578"}, reuters)
    assert list(documents.splits) == ["train", "test"]
    assert [(d.id, d.labels) for d in documents.splits["train"]] == [
        ("1", ("crude", "alum")),
        ("2", ("crude",)),
        ("3", ("crude",)),
    ]
    assert [(d.id, d.labels) for d in documents.splits["test"]] == [("8", ("crude",)), ("9", ("alum",))]


def test_reuters_text_is_title_and_body_with_references_resolved(reuters):
    texts = [document.text for document in read({"reader": "reuters21578"}, reuters).splits["train"]]
    assert texts[0] == "WELL FOUND\nOil <AB&C> caf\xe9 in\ntwo lines."
    assert texts[1] == "ONLY A TITLE"
    assert texts[2].split() == ["TABLE", "1", "2"]


def test_reuters_label_texts_come_from_the_subject_codes_only(reuters):
    assert read({"reader": "reuters21578"}, reuters).label_texts == {"alum": "alum", "crude": "Crude Oil"}


def test_reuters_without_files_says_what_is_expected(tmp_path):
    with pytest.raises(InputError, match=r"reut2-000\.sgm to reut2-021\.sgm"):
        read({"reader": "reuters21578"}, tmp_path)


HEADER = "ID\tTweet\tanger\tjoy\ttrust\r\n"


def semeval(folder, train: str, encoding: str = "utf-8"):
    for name, lines in (
        ("train", train),
        ("dev", "d1\tfine\t0\t1\t0\r\n"),
        ("test-gold", "t1\tbad\t1\t0\t0\r\n"),
    ):
        (folder / f"2018-E-c-En-{name}.txt").write_bytes((HEADER + lines).encode(encoding))
    return folder


def test_semeval_reads_crlf_without_taking_quotes_for_quoting(tmp_path):
    train = 'a\t"half a quote \u2026\t1\t0\t1\r\nb\tno emotion\u2028 at all\t0\t0\t0\r\n'
    documents = read({"reader": "semeval2018"}, semeval(tmp_path, train))
    assert {split: len(rows) for split, rows in documents.splits.items()} == {
        "train": 2,
        "validation": 1,
        "test": 1,
    }
    assert documents.splits["train"][0] == ("a", '"half a quote \u2026', ("anger", "trust"))
    assert documents.splits["train"][1] == ("b", "no emotion\u2028 at all", ())
    assert list(documents.label_texts) == ["anger", "joy", "trust"]


def test_semeval_resolves_line_ends_references_and_emoji_and_counts_them(tmp_path):
    tweets = [
        r"Best day\nSo happy &amp; proud &lt;3",
        r"one\r\ntwo\rthree",
        "he wrote &amp;ldquo;hi&amp;rdquo; at ?a=1&copy=2",
        "\uf633 and \U0001f633",
        "nothing here",
    ]
    rows = "".join(f"t{number}\t{tweet}\t1\t0\t0\r\n" for number, tweet in enumerate(tweets))
    documents = read({"reader": "semeval2018"}, semeval(tmp_path, rows))
    assert [row.text for row in documents.splits["train"]] == [
        "Best day\nSo happy & proud <3",
        "one\ntwo\nthree",
        "he wrote &ldquo;hi&rdquo; at ?a=1&copy=2",
        "\U0001f633 and \U0001f633",
        "nothing here",
    ]
    assert documents.notes == [
        "texts with HTML references such as &amp;, mended: 2",
        "texts with line ends written as \\n, mended: 2",
        "texts with emoji cut to 16 bits, mended: 1",
    ]


def test_semeval_reads_a_file_with_a_byte_order_mark(tmp_path):
    documents = read({"reader": "semeval2018"}, semeval(tmp_path, "a\tok\t1\t0\t0\r\n", "utf-8-sig"))
    assert documents.splits["train"] == [("a", "ok", ("anger",))]


@pytest.mark.parametrize("line", ["a\ttext\t1\t0\r\n", "a\ttext\tNONE\tNONE\tNONE\r\n", "a\ttext\t1\t0\t\r\n"])
def test_semeval_names_the_line_that_is_not_a_tweet(tmp_path, line):
    with pytest.raises(InputError, match=r"train\.txt, line 3"):
        read({"reader": "semeval2018"}, semeval(tmp_path, "ok\tok\t1\t0\t0\r\n" + line))


def test_an_unknown_reader_gets_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'jsonl'"):
        read({"reader": "json"}, None)


def test_every_reader_can_be_imported_but_naming_them_imports_none():
    for name in facts.readers():
        assert callable(readers.import_module(readers.module(name)).read)
    code = "import sys, pushpull.data.readers as r; sys.exit(r.module('csv').rpartition('.')[0] != r.__name__ or "
    code += "any(name.startswith(f'{r.__name__}.') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
