"""A mirror with gzipped files, and with stand-ins for files that it does not hold."""

import gzip
import json
from pathlib import Path

import pytest
from published_files import TEXT, digest, facts, get, plain_source, record_of
from pushpull.data.facts import published
from pushpull.data.prepare import prepare
from pushpull.errors import InputError

OTHER = b"twelve long reports\n" * 100
NOTE = "reports.txt is our own"


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "mirror" / "shelf"
    (folder / "derived").mkdir(parents=True)
    return folder


def with_stand_in(place: str, known: bool = True) -> dict:
    source = plain_source("https://a.test")
    item = source["sources"][0]
    item["stand_in"] = {"mirror": place, "note": NOTE, **facts(OTHER)}
    if not known:
        del item["bytes"], item["sha256"]
    return source


def notes(folder: Path) -> list[str]:
    return [file["note"] for file in json.loads((folder / "manifest.json").read_text())["files"] if "note" in file]


def test_a_mirror_may_hold_a_file_gzipped(shelf, tmp_path):
    (shelf / "reports.txt.gz").write_bytes(gzip.compress(TEXT))
    get(plain_source("https://a.test"), tmp_path / "raw", shelf.parent)
    assert (tmp_path / "raw" / "reports.txt").read_bytes() == TEXT
    (file,) = json.loads((tmp_path / "raw" / "manifest.json").read_text())["files"]
    assert file["from"] == "mirror: shelf/reports.txt.gz"
    assert (file["bytes"], file["sha256"]) == (len(TEXT), digest(TEXT))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (gzip.compress(TEXT[:-1] + b"!"), "wrong checksum"),
        (gzip.compress(TEXT)[:-12], "not a gzip file that can be read"),
        (b"<html>Please log in</html>", "not a gzip file that can be read"),
        (gzip.compress(TEXT + b"more"), "more than the 4,200 bytes"),
    ],
    ids=["altered", "cut", "page", "longer"],
)
def test_a_wrong_gzipped_file_is_not_used(shelf, tmp_path, data, says):
    (shelf / "reports.txt.gz").write_bytes(data)
    with pytest.raises(InputError, match=says):
        get(plain_source("https://a.test"), tmp_path / "raw", shelf.parent)
    assert not (tmp_path / "raw" / "reports.txt").exists()
    assert not (tmp_path / "raw" / "manifest.json").exists()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("place", ["shelf", "shelf/derived"])
def test_a_stand_in_is_taken_where_the_mirror_has_no_other_and_its_note_is_kept(shelf, tmp_path, place, known):
    (shelf.parent / place / "reports.txt").write_bytes(OTHER)
    for _ in range(2):
        get(with_stand_in(place, known), tmp_path / "raw", shelf.parent)
        assert (tmp_path / "raw" / "reports.txt").read_bytes() == OTHER
        assert notes(tmp_path / "raw") == [NOTE]
    assert not record_of(tmp_path / "raw").exists()  # its checksum is known, and is not that of the published file


@pytest.mark.parametrize("known", [True, False])
def test_the_published_file_comes_first_and_replaces_a_stand_in(shelf, tmp_path, known):
    source = with_stand_in("shelf/derived", known)
    (shelf / "derived" / "reports.txt").write_bytes(OTHER)
    get(source, tmp_path / "raw", shelf.parent)
    (shelf / "reports.txt").write_bytes(TEXT)
    get(source, tmp_path / "raw", shelf.parent)
    assert (tmp_path / "raw" / "reports.txt").read_bytes() == TEXT
    assert notes(tmp_path / "raw") == []
    assert record_of(tmp_path / "raw").exists() != known


def test_neither_the_file_nor_its_stand_in_is_an_error_about_the_file(shelf, tmp_path):
    (shelf / "reports.txt").write_bytes(TEXT[:-1] + b"!")
    with pytest.raises(InputError, match=rf"wrong checksum.\n  expected sha256 {digest(TEXT)}"):
        get(with_stand_in("shelf"), tmp_path / "raw", shelf.parent)
    (shelf / "reports.txt").unlink()
    with pytest.raises(InputError, match=r"shelf/reports\.txt is not there\. Fetch https://a\.test/reports\.txt"):
        get(with_stand_in("shelf/derived"), tmp_path / "raw", shelf.parent)


def test_the_network_gives_the_published_file_only(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "pushpull.data.transfer.download", lambda url, path, size: digest(TEXT) if path.write_bytes(TEXT) else ""
    )
    get(with_stand_in("shelf"), tmp_path / "raw")
    assert notes(tmp_path / "raw") == []


def test_the_card_says_that_a_file_is_a_stand_in(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for split in ("train", "test"):
        (raw / f"{split}.txt").write_text(
            "".join(f"{('earn', 'trade')[n % 2]}\tducks {split} {n}\n" for n in range(30))
        )
    file = {"file": "train.txt", "bytes": 1, "sha256": "0", "url": "https://a.test", "from": "mirror", "note": NOTE}
    (raw / "manifest.json").write_text(json.dumps({"dataset": "r8", "files": [file]}))
    prepare("r8", {"reader": "cachopo", "corpus": "r8", "task": "single"}, raw, tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["notes"][0] == NOTE
    assert card["sources"] == [{"file": "train.txt", "bytes": 1, "sha256": "0", "url": "https://a.test"}]


def test_the_new_datasets_have_checksums_and_every_stand_in_a_note():
    items = [
        item for name in ("cachopo", "trec6", "mr", "newsgroups20") for item in published({"reader": name})["sources"]
    ]
    assert [item["url"].rpartition("text_gcn/")[2] for item in items if len(item.get("sha256", "")) != 64] == [
        "962223652e9bb164ac2d83cd09fc7b8845ce860b/data/R52/train.txt"
    ]
    stand_ins = [item["stand_in"] for item in items if "stand_in" in item]
    assert len(stand_ins) == 2
    assert all(len(each["sha256"]) == 64 and each["bytes"] and each["note"] for each in stand_ins)
    assert all(item["url"].startswith("https://") for item in items)
    assert published({"reader": "reuters_single"}) == published({"reader": "reuters21578"})
