"""EventDNA files of our own words, in the published format."""

import json
from pathlib import Path

import pytest
from published_files import tar_of
from pushpull.data.documents import Document
from pushpull.data.facts import published
from pushpull.data.prepare import prepare
from pushpull.data.readers import read
from pushpull.data.sources import fetch
from pushpull.errors import InputError

WATER, RAIN = ["medtop:06000000", "environment"], ["medtop:17000000", "weather"]
SPORT = ["medtop:15000000", "sport"]


def article(text: str, certain: list, uncertain: list = (), events: tuple[str, ...] = (), said_id: str = "x") -> dict:
    """One dnaf.json; `certain` and `uncertain` are paths from the most specific topic up."""
    annotations = {
        "coreference": {},
        "entities": {},
        "events": {
            f"event_{number}": {
                "annotation_type": "event",
                "features": {"arguments": [], "type": kind, "subtype": "Meet", "span": [0]},
                "home_sentence": "sentence_1",
                "string": text,
            }
            for number, kind in enumerate(events, start=1)
        },
        "iptc_codes": {"certain": certain, "uncertain": list(uncertain)},
    }
    doc = {"annotations": annotations, "sentences": {}, "token_ids": [], "token_string": text}
    return {"doc": doc, "meta": {"author": "one", "id": said_id}}


ARTICLES = {
    # Two paths with one topic on top; a third one ends at its own top.
    "eventdna_10": article(
        "De vijver is vol .",
        [[["medtop:20000430", "pond"], ["medtop:20000420", "nature"], WATER], [["medtop:2", "water"], WATER], [RAIN]],
        events=("Contact", "Life", "Contact"),
        said_id="eventdna_9",
    ),
    "eventdna_9": article("Het regent \u00e9\u00e9n dag .", [[RAIN]], [[SPORT]], ("Unknown",), "eventdna_9"),
    "eventdna_2": article("Niets .", [], [[["medtop:20000822", "skating"], SPORT]]),
    "eventdna_1": article("Zon .", [[RAIN]], events=("Life",)),
}


def members(articles: dict = ARTICLES, prefix: str = "") -> list[tuple[str, bytes]]:
    named = [(f"{prefix}{name}/dnaf.json", json.dumps(content).encode()) for name, content in articles.items()]
    return [(f"{prefix}lets.csv", b"not a document"), (f"{prefix}eventdna_1/tree.json", b"{}"), *named]


def archive(folder: Path, files: list[tuple[str, bytes]], **kind) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "eventdna_dnaf.tar.gz").write_bytes(tar_of(files, **kind))
    return folder


def rows(entry: dict, raw: Path | None) -> dict[str, Document]:
    """Documents of both splits by id."""
    found = read({"reader": "eventdna"} | entry, raw).splits
    return {row.id: row for split in ("train", "test") for row in found[split]}


@pytest.mark.parametrize("prefix", ["", "./", "temp/"])
def test_topics_are_the_top_of_the_certain_paths_each_once(tmp_path, prefix):
    found = rows({}, archive(tmp_path, members(prefix=prefix)))
    assert found == {
        "eventdna_1": ("eventdna_1", "Zon .", ("weather",)),
        "eventdna_2": ("eventdna_2", "Niets .", ()),  # an uncertain topic is none, and the document stays
        "eventdna_9": ("eventdna_9", "Het regent \u00e9\u00e9n dag .", ("weather",)),
        "eventdna_10": ("eventdna_10", "De vijver is vol .", ("environment", "weather")),
    }
    assert rows({"labels": "iptc"}, tmp_path) == found


def test_event_types_are_the_other_view(tmp_path):
    documents = read({"reader": "eventdna", "labels": "event_types"}, archive(tmp_path, members()))
    labels = {row.id: row.labels for split in documents.splits.values() for row in split}
    assert labels == {
        "eventdna_1": ("Life",),
        "eventdna_2": (),
        "eventdna_9": ("Unknown",),
        "eventdna_10": ("Contact", "Life"),
    }
    assert documents.label_texts == {"Contact": "contact", "Life": "life", "Unknown": "unknown"}


def test_the_users_own_folder_gives_the_same_as_the_archive(tmp_path):
    for name, data in members(prefix="deep/"):
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    packed = read({"reader": "eventdna"}, archive(tmp_path / "raw", members()))
    assert read({"reader": "eventdna", "folder": str(tmp_path / "mine")}, None) == packed


def test_utf8_that_was_read_as_latin1_is_undone_and_counted(tmp_path):
    articles = ARTICLES | {"eventdna_1": article("coca\u00c3\u00afne , een\u00c3 \u00e9\u00e9n", [[RAIN]])}
    documents = read({"reader": "eventdna"}, archive(tmp_path, members(articles)))
    texts = [row.text for split in documents.splits.values() for row in split]
    assert "coca\u00efne , een\u00c3 \u00e9\u00e9n" in texts
    assert documents.notes[-1] == "texts with UTF-8 read as latin-1, mended: 1"


def many() -> dict:
    """A hundred articles: 60 of weather, 30 of sport, 10 of both."""
    topics = [[[RAIN]]] * 60 + [[[SPORT]]] * 30 + [[[RAIN], [SPORT]]] * 10
    return {f"eventdna_{number}": article(f"tekst {number}", paths) for number, paths in enumerate(topics, start=1)}


def test_test_is_a_stratified_fifth_in_the_order_of_the_numbers(tmp_path):
    raw = archive(tmp_path, members(dict(reversed(many().items()))))
    first, again, other = (read({"reader": "eventdna", "split_seed": seed}, raw).splits for seed in (0, 0, 1))
    assert first == again
    assert first["test"] != other["test"]
    assert len(first["test"]) == 20
    assert sum("weather" in row.labels for row in first["test"]) == pytest.approx(14, abs=1)
    assert sum("sport" in row.labels for row in first["test"]) == pytest.approx(8, abs=1)
    for split in first.values():
        numbers = [int(row.id.removeprefix("eventdna_")) for row in split]
        assert numbers == sorted(numbers)
    assert len({row.id for split in first.values() for row in split}) == 100


def test_an_entry_prepares_with_three_splits_and_a_card(tmp_path):
    raw = archive(tmp_path / "raw", members(many() | {"eventdna_101": article("niets", [])}))
    (raw / "manifest.json").write_text(json.dumps({"dataset": "eventdna", "files": []}))
    prepare("eventdna", {"reader": "eventdna", "task": "multi", "validation": 0.125}, raw, tmp_path / "out")
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    facts = card["splits"].values()
    assert [split["documents"] for split in facts] == pytest.approx([70, 10, 20], abs=2.1)
    assert sum(split["documents"] for split in facts) == 101
    assert sum(split["without_labels"] for split in facts) == 1
    assert card["licence"].startswith("available for research purposes")
    assert "no published split: 20 % cut off as test, stratified by label (seed 0)" in card["notes"]


def changed(*keys: str, to: object = None) -> bytes:
    """An article with another value under the keys; None: without the last key."""
    content = json.loads(json.dumps(article("tekst", [[RAIN]], events=("Life",))))
    place = content
    for key in keys[:-1]:
        place = place[key]
    if to is None:
        del place[keys[-1]]
    else:
        place[keys[-1]] = to
    return json.dumps(content).encode()


CERTAIN = ("doc", "annotations", "iptc_codes", "certain")
FEATURES = ("doc", "annotations", "events", "event_1", "features")


@pytest.mark.parametrize(
    ("view", "data", "says"),
    [
        ("iptc", b'{"doc": {', "not JSON"),
        ("iptc", b"\xff\xfe{", "not JSON"),
        ("iptc", b"[" * 100_000, "not JSON"),
        ("iptc", b"[]", "no doc.token_string; expected a file of EventDNA"),
        ("iptc", changed("doc", "token_string"), "no doc.token_string"),
        ("iptc", changed("doc", "token_string", to=["a"]), r"doc.token_string: expected a string, got \['a'\]"),
        ("iptc", changed(*CERTAIN), "no doc.annotations.iptc_codes.certain"),
        ("iptc", changed(*CERTAIN, to="weather"), "certain: expected a list, got 'weather'"),
        ("iptc", changed(*CERTAIN, to=[["medtop:1", "weather"]]), "-1: expected a list, got 'weather'"),
        ("iptc", changed(*CERTAIN, to=[[]]), "no -1"),
        ("event_types", changed("doc", "annotations", "events", to=[]), r"events: expected an object, got \[\]"),
        ("event_types", changed(*FEATURES, "type"), "no features.type"),
        ("event_types", changed(*FEATURES, "type", to=3), "features.type: expected a string, got 3"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, view, data, says):
    raw = archive(tmp_path, [*members(), ("eventdna_77/dnaf.json", data)])
    with pytest.raises(InputError, match=rf"eventdna_dnaf\.tar\.gz: eventdna_77/dnaf\.json: .*{says}"):
        read({"reader": "eventdna", "labels": view}, raw)


def test_a_file_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("pushpull.data.archives.LARGEST", 2000)
    raw = archive(tmp_path, [*members(), ("eventdna_77/dnaf.json", b" " * 2001)])
    with pytest.raises(InputError, match=r"eventdna_77/dnaf\.json: more than 2,000 bytes"):
        read({"reader": "eventdna"}, raw)


def test_an_unsafe_broken_or_empty_archive_is_refused(tmp_path):
    climbing = archive(tmp_path / "a", [("../eventdna_1/dnaf.json", b"{}")])
    linked = archive(tmp_path / "b", [("eventdna_1/dnaf.json", b"")], type=b"2", linkname="/etc/passwd")
    empty = archive(tmp_path / "c", [("lets.csv", b"")])
    cut = archive(tmp_path / "d", members())
    (cut / "eventdna_dnaf.tar.gz").write_bytes((cut / "eventdna_dnaf.tar.gz").read_bytes()[:200])
    for raw, says in (
        (climbing, "points outside"),
        (linked, "is a link"),
        (empty, r"no file dnaf\.json"),
        (cut, "not an archive that can be read"),
    ):
        with pytest.raises(InputError, match=says):
            read({"reader": "eventdna"}, raw)


def test_an_empty_or_missing_folder_and_a_wrong_view_are_named(tmp_path):
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(InputError, match=r"no file dnaf\.json in it"):
            read({"reader": "eventdna", "folder": str(folder)}, None)
    with pytest.raises(InputError, match="unknown view 'itpc': did you mean 'iptc'"):
        read({"reader": "eventdna", "labels": "itpc"}, tmp_path)


def test_the_form_of_the_publisher_is_no_archive_and_a_mirror_is_the_way_out(tmp_path, monkeypatch):
    source, record = published({"reader": "eventdna"}), tmp_path / "record.json"
    page = b"<!DOCTYPE html><form>"
    monkeypatch.setattr("pushpull.data.transfer.download", lambda url, path, size: str(path.write_bytes(page)))
    with pytest.raises(InputError, match=r"a web page came in place of the file.*\n?.*`mirror:`"):
        fetch("eventdna", source, tmp_path / "raw", None, record)
    mirror = archive(tmp_path / "shelf" / "eventdna", members()).parent
    fetch("eventdna", source, tmp_path / "raw", mirror, record)
    assert len(rows({}, tmp_path / "raw")) == 4
