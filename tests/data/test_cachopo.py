"""R8 and R52 files of our own words: class, tab, text."""

import gzip

import pytest
from pushpull.data.documents import Document
from pushpull.data.facts import published
from pushpull.data.readers import read
from pushpull.errors import InputError

TRAIN = "earn\tduck farm profits rise\ntrade\tgeese cross the border\nmoney-supply\tmore coins\nearn\tduck farm pays"
TEST = "gnp\tthe nation made more ponds\nearn\tno profits \n"


def put(folder, train: str | bytes = TRAIN, test: str = TEST):
    (folder / "train.txt").write_bytes(train if isinstance(train, bytes) else train.encode())
    (folder / "test.txt").write_text(test)
    return folder


def test_each_line_is_a_document_in_file_order(tmp_path):
    documents = read({"reader": "cachopo", "corpus": "r52"}, put(tmp_path))
    assert documents.splits == {
        "train": [
            Document("train-1", "duck farm profits rise", ("earn",)),
            Document("train-2", "geese cross the border", ("trade",)),
            Document("train-3", "more coins", ("money-supply",)),
            Document("train-4", "duck farm pays", ("earn",)),  # the file may end without a line end
        ],
        "test": [
            Document("test-1", "the nation made more ponds", ("gnp",)),
            Document("test-2", "no profits", ("earn",)),
        ],
    }
    assert documents.label_texts == {
        "earn": "earnings and earnings forecasts",
        "gnp": "gross national product",
        "money-supply": "money supply",
        "trade": "trade",
    }


@pytest.mark.parametrize(("corpus", "sizes"), [("r8", "5,485 / 2,189"), ("r52", "6,532 / 2,568")])
def test_other_sizes_than_the_published_ones_are_noted(tmp_path, corpus, sizes):
    (note,) = read({"reader": "cachopo", "corpus": corpus}, put(tmp_path)).notes
    assert note == f"published: {sizes} documents; in these files: 4 / 2"


def test_the_published_sizes_need_no_note(tmp_path):
    put(tmp_path, "earn\tducks\n" * 5485, "earn\tgeese\n" * 2189)
    assert read({"reader": "cachopo", "corpus": "r8"}, tmp_path).notes == []


def test_the_users_own_files_may_be_gzipped_and_have_other_names_and_line_ends(tmp_path):
    (tmp_path / "mine.txt.gz").write_bytes(gzip.compress(TRAIN.replace("\n", "\r\n").encode()))
    files = {"train": str(tmp_path / "mine.txt.gz"), "test": str(put(tmp_path) / "test.txt")}
    own = read({"reader": "cachopo", "corpus": "r8", "files": files}, None)
    assert own == read({"reader": "cachopo", "corpus": "r8"}, tmp_path)


@pytest.mark.parametrize(
    ("train", "says"),
    [
        ("earn\tducks\nearn geese\n", r"train\.txt, line 2: expected `class TAB text`, got 'earn geese'"),
        ("earn\tducks\n\ttext\n", "line 2: expected"),
        ("earn\tducks\nearn\t \n", "line 2: expected"),
        ("earn\tducks\n\nearn\tgeese\n", "line 2: expected"),
        (b"earn\tducks\nearn\tcaf\xe9\n", r"train\.txt, after line \d: not UTF-8"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, train, says):
    with pytest.raises(InputError, match=says):
        read({"reader": "cachopo", "corpus": "r8"}, put(tmp_path, train))


def test_a_missing_or_broken_file_and_a_wrong_corpus_are_named(tmp_path):
    with pytest.raises(InputError, match=r"train\.txt is not there"):
        read({"reader": "cachopo", "corpus": "r8"}, tmp_path)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(TRAIN.encode())[:-9])
    with pytest.raises(InputError, match=r"cut\.gz, after line \d: damaged"):
        read({"reader": "cachopo", "corpus": "r8", "files": {"train": tmp_path / "cut.gz", "test": "x"}}, None)
    for wrong in ({"corpus": "r9"}, {}):
        with pytest.raises(InputError, match=r"corpus: .*[Aa]llowed: r8, r52"):
            read({"reader": "cachopo"} | wrong, put(tmp_path))


@pytest.mark.parametrize(("corpus", "folders"), [("r8", {"r8"}), ("r52", {"r52"}), (None, {"r8", "r52"})])
def test_each_corpus_has_files_of_its_own(corpus, folders):
    items = published({"reader": "cachopo", "corpus": corpus})["sources"]
    assert {item["mirror"] for item in items} == folders
    assert len(items) == 2 * len(folders)
    assert published({"reader": "trec6", "corpus": corpus}) == published({"reader": "trec6"})
