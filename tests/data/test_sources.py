"""Getting published files: a server on this machine plays the authors' site."""

import json
import tarfile
from pathlib import Path
from urllib.request import Request

import pytest
from published_files import TEXT, archive_source, digest, facts, get, plain_source, tar_of, zip_of
from pushpull.data.archives import unpack
from pushpull.data.facts import published
from pushpull.data.sources import may_download
from pushpull.data.transfer import _Redirects, download
from pushpull.errors import InputError


def test_a_good_download_is_kept_with_a_manifest_and_not_asked_for_again(site, tmp_path):
    address, pages, requests = site
    pages["/reports.txt"] = 200, {}, TEXT
    get(plain_source(address), tmp_path)
    assert (tmp_path / "reports.txt").read_bytes() == TEXT
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["dataset"] == "mine"
    assert manifest["files"][0] == {
        "file": "reports.txt",
        **facts(TEXT),
        "url": f"{address}/reports.txt",
        "from": f"{address}/reports.txt",
    }
    assert requests == ["/reports.txt"]
    get(plain_source(address), tmp_path)
    assert requests == ["/reports.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "reports.txt"]


def test_a_damaged_file_in_place_is_fetched_again(site, tmp_path):
    address, pages, requests = site
    pages["/reports.txt"] = 200, {}, TEXT
    (tmp_path / "reports.txt").write_bytes(TEXT[:-1] + b"!")
    get(plain_source(address), tmp_path)
    assert (tmp_path / "reports.txt").read_bytes() == TEXT
    assert len(requests) == 1


def test_a_wrong_checksum_shows_both_and_puts_the_file_aside(site, tmp_path):
    address, pages, _ = site
    other = TEXT[:-1] + b"!"
    pages["/reports.txt"] = 200, {}, other
    with pytest.raises(InputError) as error:
        get(plain_source(address), tmp_path)
    assert digest(TEXT) in str(error.value)
    assert digest(other) in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["reports.txt.rejected"]
    assert (tmp_path / "reports.txt.rejected").read_bytes() == other


def test_a_broken_off_download_leaves_nothing(site, tmp_path):
    address, pages, _ = site
    pages["/reports.txt"] = 200, {"Content-Length": str(len(TEXT))}, TEXT[:100]
    with pytest.raises(InputError, match=r"broke off after 100 of 4,200 bytes"):
        get(plain_source(address), tmp_path)
    assert not list(tmp_path.iterdir())


def test_more_bytes_than_declared_are_refused(site, tmp_path):
    address, pages, _ = site
    pages["/reports.txt"] = 200, {}, TEXT + b"more"
    with pytest.raises(InputError, match="more than the 4,200 bytes"):
        get(plain_source(address), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("status", [404, 500])
def test_an_error_status_names_the_url_and_both_ways_out(site, tmp_path, status):
    address, pages, _ = site
    pages["/reports.txt"] = status, {}, b""
    with pytest.raises(InputError) as error:
        get(plain_source(address), tmp_path)
    for part in (f"{address}/reports.txt answered {status}", "mirror:", "PUSHPULL_MIRROR"):
        assert part in str(error.value)


def test_no_network_names_the_url_and_both_ways_out(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    address = "http://127.0.0.1:9"  # the discard port: nothing listens there
    with pytest.raises(InputError) as error:
        get(plain_source(address), tmp_path)
    for part in (address, "cannot be reached", "mirror:", "PUSHPULL_MIRROR"):
        assert part in str(error.value)


def test_http_needs_a_checksum_and_https_does_not():
    assert may_download("https://a.test/x", None)
    assert may_download("https://a.test/x", digest(TEXT))
    assert may_download("http://a.test/x", digest(TEXT))
    for url in ("http://a.test/x", "ftp://a.test/x", "file:///x", "httpsx://a.test/x", "a.test/https://"):
        assert not may_download(url, None)
        assert not may_download(url, "")


def test_other_schemes_are_refused(tmp_path):
    (tmp_path / "secret.txt").write_bytes(TEXT)
    with pytest.raises(InputError, match="only https and http"):
        download((tmp_path / "secret.txt").as_uri(), tmp_path / "copy", None)


def test_redirects_are_followed_but_never_to_a_weaker_scheme(site, tmp_path):
    address, pages, requests = site
    pages["/reports.txt"] = 302, {"Location": "/moved.txt"}, b""
    pages["/moved.txt"] = 200, {}, TEXT
    get(plain_source(address), tmp_path)
    assert requests == ["/reports.txt", "/moved.txt"]
    for start, end in (("https", "http"), ("https", "ftp"), ("http", "ftp"), ("http", "file")):
        with pytest.raises(InputError, match="less safe"):
            _Redirects().redirect_request(Request(f"{start}://a.test/x"), None, 302, "", {}, f"{end}://b.test/x")


def test_an_archive_leaves_only_its_named_members_flat(site, tmp_path):
    address, pages, _ = site
    others = [("deep/other.txt", b"not wanted"), ("./deep/reports.txt", TEXT)]
    for name, body in (("all.tar.gz", tar_of(others)), ("all.zip", zip_of(others))):
        pages[f"/{name}"] = 200, {}, body
        folder = tmp_path / name
        get(archive_source(address, name), folder)
        assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "reports.txt"]
        assert (folder / "reports.txt").read_bytes() == TEXT


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (tar_of([("../reports.txt", b"x"), ("deep/reports.txt", TEXT)]), "outside the archive"),
        (tar_of([("/etc/reports.txt", b"x"), ("deep/reports.txt", TEXT)]), "outside the archive"),
        (
            tar_of([("deep/reports.txt", b"")], type=tarfile.SYMTYPE, linkname="/etc/passwd"),
            "link or a device",
        ),
        (tar_of([("deep/reports.txt", b"")], type=tarfile.LNKTYPE, linkname="other"), "link or a device"),
        (tar_of([("deep/reports.txt", b"")], type=tarfile.CHRTYPE), "link or a device"),
        (tar_of([("deep/reports.txt", TEXT + b"more")]), "4,204 bytes, not 4,200"),
        (tar_of([("deep/other.txt", TEXT)]), "not in it"),
        (b"<html>Please log in</html>", "not an archive"),
        (tar_of([("deep/reports.txt", TEXT)])[:-20], "not an archive"),
    ],
)
def test_an_unsafe_or_broken_tar_is_put_aside(site, tmp_path, body, reason):
    address, pages, _ = site
    pages["/all.tar.gz"] = 200, {}, body
    with pytest.raises(InputError, match=reason):
        get(archive_source(address), tmp_path / "raw")
    names = {path.name for path in (tmp_path / "raw").iterdir()}
    assert "all.tar.gz.rejected" in names
    assert "manifest.json" not in names
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (zip_of([("../reports.txt", b"x")]), "outside the archive"),
        (zip_of([("deep\\..\\..\\reports.txt", b"x")]), "outside the archive"),
        (zip_of([("/etc/reports.txt", b"x")]), "outside the archive"),
        (zip_of([("deep/reports.txt", TEXT)], mode=0o120777), "link or a device"),
        (b"<html>Please log in</html>", "not an archive"),
    ],
)
def test_an_unsafe_or_broken_zip_is_put_aside(site, tmp_path, body, reason):
    address, pages, _ = site
    pages["/all.zip"] = 200, {}, body
    with pytest.raises(InputError, match=reason):
        get(archive_source(address, "all.zip"), tmp_path / "raw")
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["all.zip.rejected"]


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("pushpull.data.archives.LIMIT", 1000)
    (tmp_path / "all.tar.gz").write_bytes(tar_of([("huge.txt", b"0" * 1001), ("deep/reports.txt", TEXT)]))
    with pytest.raises(InputError, match="more than 1,000 bytes"):
        unpack(tmp_path / "all.tar.gz", {"deep/reports.txt": len(TEXT)}, lambda path, stream: None)


def test_a_member_with_a_wrong_checksum_is_put_aside(site, tmp_path):
    address, pages, _ = site
    other = TEXT[:-1] + b"!"
    pages["/all.tar.gz"] = 200, {}, tar_of([("deep/reports.txt", other)])
    with pytest.raises(InputError) as error:
        get(archive_source(address), tmp_path)
    assert digest(TEXT) in str(error.value)
    assert digest(other) in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.tar.gz.rejected", "reports.txt.rejected"]


@pytest.mark.parametrize("offers", ["archive", "members", "file"])
def test_a_mirror_may_hold_the_file_the_archive_or_its_members(tmp_path, offers):
    shelf = tmp_path / "mirror" / "shelf"
    shelf.mkdir(parents=True)
    address = "https://example.invalid"
    source = plain_source(address) if offers == "file" else archive_source(address)
    if offers == "archive":
        (shelf / "all.tar.gz").write_bytes(tar_of([("deep/reports.txt", TEXT)]))
    else:
        (shelf / "reports.txt").write_bytes(TEXT)
    before = {path.name: path.read_bytes() for path in shelf.iterdir()}
    get(source, tmp_path / "raw", tmp_path / "mirror")
    assert (tmp_path / "raw" / "reports.txt").read_bytes() == TEXT
    assert {path.name: path.read_bytes() for path in shelf.iterdir()} == before
    manifest = json.loads((tmp_path / "raw" / "manifest.json").read_text())
    assert manifest["files"][0]["from"].startswith("mirror: shelf")


@pytest.mark.parametrize("source", [plain_source("https://a.test"), archive_source("https://a.test")])
def test_a_file_missing_in_the_mirror_is_named_with_its_url_and_exact_place(tmp_path, source):
    (item,) = source["sources"]
    with pytest.raises(InputError) as error:
        get(source, tmp_path / "raw", tmp_path)
    name = item["url"].rpartition("/")[2]
    for part in (
        item["url"],
        str(tmp_path / "shelf" / name),
        "4,200 bytes" if "bytes" in item else "size unknown",
    ):
        assert part in str(error.value)


def test_a_mirror_that_is_no_folder_is_named_as_such(tmp_path):
    with pytest.raises(InputError, match=r"mirror .*nowhere is not a folder; let PUSHPULL_MIRROR"):
        get(plain_source("https://a.test"), tmp_path / "raw", tmp_path / "nowhere")


def test_a_wrong_file_of_the_mirror_is_not_used_and_stays_where_it_is(tmp_path):
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "reports.txt").write_bytes(TEXT[:-1] + b"!")
    with pytest.raises(InputError, match="wrong checksum"):
        get(plain_source("https://a.test"), tmp_path / "raw", tmp_path)
    assert (shelf / "reports.txt").is_file()
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["reports.txt.rejected"]


def test_every_published_dataset_has_checksums_sizes_and_distinct_file_names():
    for dataset, files in (("reuters21578", 23), ("semeval2018", 3)):
        source = published({"reader": dataset})
        assert source["licence"]
        members = {path: facts for item in source["sources"] for path, facts in item["members"].items()}
        assert len({Path(path).name for path in members}) == files
        assert all(len(facts["sha256"]) == 64 and facts["bytes"] > 0 for facts in members.values())


def test_an_unknown_dataset_gets_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'reuters21578'"):
        published({"reader": "reuters"})
