"""Files whose checksum nobody here knows: the first fetch records it, later ones must agree."""

import json
from pathlib import Path

import pytest
from published_files import TEXT, archive_source, digest, facts, get, plain_source, record_of, tar_of
from pushpull.data import sources
from pushpull.data.facts import published
from pushpull.data.sources import fetch
from pushpull.errors import InputError
from pushpull.files import write_json

OTHER = TEXT[:-1] + b"!"


@pytest.fixture
def shelf(tmp_path) -> Path:
    """The mirror's folder with reports.txt and, beside it, the archive."""
    folder = tmp_path / "mirror" / "shelf"
    folder.mkdir(parents=True)
    (folder / "reports.txt").write_bytes(TEXT)
    return folder


@pytest.fixture
def as_https(monkeypatch):
    """Let the site on this machine, which speaks http, count as https."""
    monkeypatch.setattr("pushpull.data.sources.may_download", lambda url, checksum: True)


def without_checksum(source: dict) -> dict:
    for item in source["sources"]:
        for entry in [item, *item.get("members", {}).values()]:
            entry.pop("sha256", None)
            entry.pop("bytes", None)
    return source


def test_over_http_nothing_without_a_checksum_is_requested_and_the_mirror_is_explained(site, tmp_path):
    address, pages, requests = site
    pages["/reports.txt"] = 200, {}, TEXT
    pages["/more.txt"] = 200, {}, TEXT
    source = without_checksum(plain_source(address))
    source["sources"].insert(0, {"url": f"{address}/more.txt", "mirror": "shelf", **facts(TEXT)})
    source["sources"].append({"url": f"{address}/17", "file": "last.txt", "mirror": "shelf"})
    with pytest.raises(InputError) as error:
        get(source, tmp_path / "raw")
    for part in (
        f"{address}/reports.txt  ->  shelf/reports.txt",
        f"{address}/17  ->  shelf/last.txt",
        "PUSHPULL_MIRROR",
    ):
        assert part in str(error.value)
    # The mirror must hold the others too.
    assert f"{address}/more.txt  ->  shelf/more.txt" in str(error.value)
    assert not requests


def test_over_http_a_file_missing_in_the_mirror_is_not_said_to_be_downloadable(tmp_path):
    source = without_checksum(plain_source("http://a.test"))
    with pytest.raises(InputError, match=r"Fetch http://a.test/reports.txt \(size unknown\)") as error:
        get(source, tmp_path / "raw", tmp_path)
    assert "leave out" not in str(error.value)
    source = without_checksum(plain_source("https://a.test"))
    with pytest.raises(InputError, match="or leave out `mirror:`"):
        get(source, tmp_path / "raw", tmp_path)


def test_the_first_fetch_records_and_says_so_and_the_second_agrees(shelf, tmp_path, capsys):
    source = without_checksum(plain_source("http://a.test"))
    get(source, tmp_path / "raw", shelf.parent)
    said = capsys.readouterr().out
    for part in (
        "http://a.test/reports.txt",
        "checksum recorded, NOT verified",
        digest(TEXT),
        str(record_of(tmp_path / "raw")),
    ):
        assert part in said
    record = json.loads(record_of(tmp_path / "raw").read_text())
    assert record == {"http://a.test/reports.txt": facts(TEXT) | {"from": "mirror: shelf/reports.txt"}}
    manifest = (tmp_path / "raw" / "manifest.json").read_text()
    assert json.loads(manifest)["files"][0] | facts(TEXT) == json.loads(manifest)["files"][0]
    for path in (tmp_path / "raw").iterdir():
        path.unlink()
    get(source, tmp_path / "raw", shelf.parent)
    assert capsys.readouterr().out == ""
    assert (tmp_path / "raw" / "manifest.json").read_text() == manifest


@pytest.mark.parametrize("change", [OTHER, TEXT + b"and a thirteenth\n", TEXT[:50]])
def test_a_later_file_that_disagrees_with_the_record_is_refused(shelf, tmp_path, change):
    source, folder = without_checksum(plain_source("http://a.test")), tmp_path / "raw"
    get(source, folder, shelf.parent)
    (folder / "reports.txt").unlink()
    (shelf / "reports.txt").write_bytes(change)
    with pytest.raises(InputError) as error:
        get(source, folder, shelf.parent)
    for part in (digest(TEXT), digest(change), str(record_of(folder)), "delete the entry 'http://a.test/reports.txt'"):
        assert part in str(error.value)
    assert (folder / "reports.txt.rejected").read_bytes() == change
    assert not (folder / "reports.txt").exists()
    # What the message says to do where the publisher has changed the file.
    record_of(folder).write_text("{}")
    get(source, folder, shelf.parent)
    assert json.loads(record_of(folder).read_text())["http://a.test/reports.txt"]["sha256"] == digest(change)


@pytest.mark.parametrize("body", [TEXT, OTHER, TEXT + b"more"])
def test_a_recorded_checksum_binds_the_network_too_and_makes_http_safe(site, shelf, tmp_path, body):
    address, pages, requests = site
    pages["/reports.txt"] = 200, {}, body
    source, folder = without_checksum(plain_source(address)), tmp_path / "raw"
    get(source, folder, shelf.parent)
    (folder / "reports.txt").unlink()
    if body == TEXT:
        get(source, folder)
        assert (folder / "reports.txt").read_bytes() == TEXT
    else:
        with pytest.raises(InputError) as error:
            get(source, folder)
        assert digest(TEXT) in str(error.value)
        assert digest(body) in str(error.value)
    assert requests == ["/reports.txt"]


def test_a_first_download_is_recorded_and_gzip_stays_as_it_is(site, as_https, tmp_path):
    address, pages, requests = site
    packed = b"\x1f\x8b" + TEXT
    pages["/files/17"] = 200, {}, packed
    source, folder = (
        {"sources": [{"url": f"{address}/files/17", "file": "tokens.dat.gz", "mirror": "shelf"}]},
        tmp_path / "raw",
    )
    get(source, folder)
    assert (folder / "tokens.dat.gz").read_bytes() == packed
    assert json.loads(record_of(folder).read_text()) == {
        f"{address}/files/17": facts(packed) | {"from": f"{address}/files/17"}
    }
    get(source, folder)
    assert len(requests) == 1
    # Without the record the file in place is as unknown as any other.
    record_of(folder).unlink()
    get(source, folder)
    assert len(requests) == 2
    assert record_of(folder).is_file()


@pytest.mark.parametrize("offers", ["network", "archive", "members"])
def test_named_members_of_an_archive_are_recorded_one_by_one(site, as_https, tmp_path, offers):
    address, pages, _ = site
    mirror, folder = tmp_path / "mirror", tmp_path / "raw"
    (mirror / "shelf").mkdir(parents=True)
    source = archive_source(address)
    (item,) = source["sources"]
    item["members"] = {"deep/reports.txt": {}, "other.txt": facts(OTHER)}
    archive = tar_of([("deep/reports.txt", TEXT), ("other.txt", OTHER), ("unnamed.txt", b"x")])
    if offers == "network":
        pages["/all.tar.gz"] = 200, {}, archive
    elif offers == "archive":
        (mirror / "shelf" / "all.tar.gz").write_bytes(archive)
    else:
        (mirror / "shelf" / "reports.txt").write_bytes(TEXT)
        (mirror / "shelf" / "other.txt").write_bytes(OTHER)
    get(source, folder, None if offers == "network" else mirror)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "other.txt", "reports.txt"]
    record = json.loads(record_of(folder).read_text())
    assert {key: entry["sha256"] for key, entry in record.items()} == {
        f"{address}/all.tar.gz#deep/reports.txt": digest(TEXT)
    }


def test_of_an_archive_that_is_refused_nothing_is_recorded(site, as_https, tmp_path):
    address, pages, _ = site
    pages["/all.tar.gz"] = 200, {}, tar_of([("deep/reports.txt", TEXT), ("../evil.txt", b"x")])
    with pytest.raises(InputError, match="outside the archive"):
        get(without_checksum(archive_source(address)), tmp_path / "raw")
    assert not record_of(tmp_path / "raw").exists()


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>Sign in</p>", b"\n <HTML lang=en>", b"<html><body>"])
def test_a_web_page_in_place_of_a_file_is_not_recorded(site, as_https, tmp_path, page):
    address, pages, _ = site
    pages["/reports.txt"] = 200, {}, page
    with pytest.raises(InputError, match="a web page came in place of the file"):
        get(without_checksum(plain_source(address)), tmp_path / "raw")
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["reports.txt.rejected"]
    assert not record_of(tmp_path / "raw").exists()


@pytest.mark.parametrize("way", ["network", "mirror"])
def test_a_file_of_unknown_size_has_a_limit(site, as_https, shelf, tmp_path, monkeypatch, way):
    address, pages, _ = site
    pages["/reports.txt"] = 200, {}, TEXT
    monkeypatch.setattr("pushpull.data.transfer.LIMIT", len(TEXT) - 1)
    source, mirror = without_checksum(plain_source(address)), shelf.parent if way == "mirror" else None
    with pytest.raises(InputError, match="more than the 4,199 bytes"):
        get(source, tmp_path / "raw", mirror)
    monkeypatch.setattr("pushpull.data.transfer.LIMIT", len(TEXT))
    get(source, tmp_path / "raw", mirror)


@pytest.mark.parametrize(
    "text", ["{oops", "[1]", '{"http://a.test/reports.txt": "abc"}', '{"http://a.test/reports.txt": {}}', "\xff"]
)
def test_an_unreadable_record_is_named_and_not_written_over(shelf, tmp_path, text):
    record = record_of(tmp_path / "raw")
    record.parent.mkdir()
    record.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"mine\.json: .*delete it to record anew"):
        get(without_checksum(plain_source("http://a.test")), tmp_path / "raw", shelf.parent)
    assert record.read_bytes() == text.encode("latin-1")


def test_two_datasets_with_the_same_files_are_held_to_one_record(shelf, tmp_path):
    source, record = without_checksum(plain_source("https://a.test")), tmp_path / "both.json"
    fetch("one", source, tmp_path / "one", shelf.parent, record)
    (shelf / "reports.txt").write_bytes(OTHER)
    with pytest.raises(InputError, match="wrong checksum"):
        fetch("two", source, tmp_path / "two", shelf.parent, record)


def test_a_record_that_another_job_has_made_meanwhile_counts(shelf, tmp_path, monkeypatch):
    source, folder = without_checksum(plain_source("https://a.test")), tmp_path / "raw"
    theirs = {"https://a.test/reports.txt": facts(OTHER), "https://a.test/more.txt": facts(TEXT)}

    def copy_while_another_records(path: Path, file) -> None:
        copy(path, file)
        write_json(record_of(folder), theirs)

    copy = sources._copy
    monkeypatch.setattr("pushpull.data.sources._copy", copy_while_another_records)
    with pytest.raises(InputError, match="wrong checksum"):
        get(source, folder, shelf.parent)
    assert json.loads(record_of(folder).read_text()) == theirs


def test_the_sources_without_checksums_are_complete():
    known = (("aapd", 3, 0), ("rcv1_v2", 7, 1), ("uk_lex", 1, 0), ("biotech", 2, 0), ("litcovid", 3, 0))
    for dataset, files, own in known:
        source = published({"reader": dataset})
        assert source["licence"]
        names = {item.get("file") or Path(item["url"].partition("?")[0]).name for item in source["sources"]}
        assert len(names) == len(source["sources"]) == files
        assert {item["mirror"] for item in source["sources"]} == {dataset}
        assert sum("sha256" in item for item in source["sources"]) == own


def test_rcv1_names_every_file_that_the_user_must_bring(tmp_path):
    with pytest.raises(InputError) as error:
        fetch("rcv1_v2", published({"reader": "rcv1_v2"}), tmp_path / "raw", None, tmp_path / "rcv1_v2.json")
    parts = [f"test_pt{number}" for number in range(4)]
    for name in (
        *(f"lyrl2004_tokens_{part}.dat.gz" for part in ("train", *parts)),
        "rcv1.topics.hier.orig",
        "rcv1-v2.topics.qrels.gz",
    ):
        assert f"rcv1_v2/{name}\n" in str(error.value)
