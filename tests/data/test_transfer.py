"""Downloads that break off, stall or lie: what has come is kept where it can be trusted, and checked as a whole."""

import gzip
import os
import signal
import subprocess
import sys
import tarfile
import textwrap
import time
from pathlib import Path

import pytest
from published_files import digest, get, plain_source
from pushpull.data.archives import unpack
from pushpull.data.transfer import download
from pushpull.errors import InputError

BODY = bytes(range(256)) * 16_384  # four megabytes
TAG = {"ETag": '"v1"'}


def server_of_ranges(body: bytes, cut: int | None = None, **changed: str):
    """A page that knows ranges, keeps what was asked, and hangs up after `cut` bytes of an answer that is whole."""

    def page(request) -> tuple[int, dict, bytes]:
        asked = request.headers.get("Range")
        page.asked.append((asked, request.headers.get("If-Range")))
        headers = TAG | changed
        if asked is None or request.headers.get("If-Range") != headers["ETag"]:
            request.close_connection = True
            return 200, headers | {"Content-Length": str(len(body))}, body[:cut]
        begin = int(asked.removeprefix("bytes=").removesuffix("-"))
        if begin >= len(body):
            return 416, headers, b""
        headers |= {"Content-Range": f"bytes {begin}-{len(body) - 1}/{len(body)}"} | changed
        return 206, headers, body[begin:]

    page.asked = []
    return page


def broken_off(address: str, folder: Path, said: str) -> None:
    with pytest.raises(InputError, match=said):
        get(plain_source(address, BODY), folder)
    assert not (folder / "reports.txt").exists()
    assert not (folder / "manifest.json").exists()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_broke_off_goes_on_with_the_missing_bytes(site, tmp_path, capsys):
    address, pages, _ = site
    pages["/reports.txt"] = page = server_of_ranges(BODY, cut=3_000_000)
    broken_off(address, tmp_path, r"broke off after 3,000,000 of 4,194,304 bytes.*the next run goes on there")
    assert (tmp_path / "reports.txt.partial").read_bytes() == BODY[:3_000_000]
    get(plain_source(address, BODY), tmp_path)
    assert page.asked == [(None, None), ("bytes=3000000-", '"v1"')]
    assert "going on after 3,000,000 bytes" in capsys.readouterr().out
    assert (tmp_path / "reports.txt").read_bytes() == BODY
    assert names(tmp_path) == {"reports.txt", "manifest.json"}


def test_another_version_of_the_file_is_taken_anew(site, tmp_path):
    address, pages, _ = site
    pages["/reports.txt"] = server_of_ranges(BODY[::-1], cut=1_000_000)
    broken_off(address, tmp_path, "broke off after 1,000,000")
    pages["/reports.txt"] = server_of_ranges(BODY, ETag='"v2"')
    get(plain_source(address, BODY), tmp_path)
    assert (tmp_path / "reports.txt").read_bytes() == BODY


def test_a_server_without_ranges_sends_all_of_it_again(site, tmp_path):
    address, pages, _ = site
    pages["/reports.txt"] = server_of_ranges(BODY, cut=1_000_000)
    broken_off(address, tmp_path, "broke off after 1,000,000")
    pages["/reports.txt"] = 200, {}, BODY
    get(plain_source(address, BODY), tmp_path)
    assert (tmp_path / "reports.txt").read_bytes() == BODY


@pytest.mark.parametrize("changed", [{"Content-Range": "bytes 0-9/10"}, {"Content-Range": "nonsense"}])
def test_an_answer_with_other_bytes_than_asked_for_is_not_appended(site, tmp_path, changed):
    address, pages, _ = site
    pages["/reports.txt"] = server_of_ranges(BODY, cut=1_000_000)
    broken_off(address, tmp_path, "broke off after 1,000,000")
    pages["/reports.txt"] = server_of_ranges(BODY, **changed)
    get(plain_source(address, BODY), tmp_path)
    assert (tmp_path / "reports.txt").read_bytes() == BODY


def test_all_bytes_there_and_none_to_ask_for_is_taken_anew(site, tmp_path):
    address, pages, _ = site
    (tmp_path / "reports.txt.partial").write_bytes(BODY)
    (tmp_path / "reports.txt.partial.tag").write_text(TAG["ETag"])
    pages["/reports.txt"] = page = server_of_ranges(BODY)
    get(plain_source(address, BODY), tmp_path)
    assert [asked for asked, _ in page.asked] == ["bytes=4194304-", None]
    assert names(tmp_path) == {"reports.txt", "manifest.json"}


def test_altered_bytes_of_the_first_part_are_found_and_the_next_run_begins_anew(site, tmp_path):
    address, pages, _ = site
    pages["/reports.txt"] = server_of_ranges(BODY, cut=1_000_000)
    broken_off(address, tmp_path, "broke off after 1,000,000")
    (tmp_path / "reports.txt.partial").write_bytes(b"x" * 1_000_000)
    broken_off(address, tmp_path, "wrong checksum")
    assert names(tmp_path) == {"reports.txt.rejected"}
    pages["/reports.txt"] = server_of_ranges(BODY)
    get(plain_source(address, BODY), tmp_path)
    assert (tmp_path / "reports.txt").read_bytes() == BODY


def test_a_server_that_stalls_is_given_up_and_what_came_is_kept(site, tmp_path, monkeypatch):
    monkeypatch.setattr("pushpull.data.transfer.TIMEOUT", 0.3)
    address, pages, _ = site

    def stall(request) -> tuple[int, dict, bytes]:
        request.send_response(200)
        for name, value in (TAG | {"Content-Length": str(len(BODY))}).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(BODY[:5000])
        request.wfile.flush()
        time.sleep(1)
        raise ConnectionAbortedError

    pages["/reports.txt"] = stall
    broken_off(address, tmp_path, r"broke off after 5,000 of 4,194,304 bytes \(timed out\); the next run")
    pages["/reports.txt"] = page = server_of_ranges(BODY)
    get(plain_source(address, BODY), tmp_path)
    assert [asked for asked, _ in page.asked] == ["bytes=5000-"]


@pytest.mark.parametrize("status", [500, 503])
def test_an_error_of_the_server_loses_nothing_of_what_came_before(site, tmp_path, status):
    address, pages, _ = site
    pages["/reports.txt"] = server_of_ranges(BODY, cut=2_000_000)
    broken_off(address, tmp_path, "broke off")
    pages["/reports.txt"] = status, {}, b""
    broken_off(address, tmp_path, f"answered {status}")
    pages["/reports.txt"] = page = server_of_ranges(BODY)
    get(plain_source(address, BODY), tmp_path)
    assert [asked for asked, _ in page.asked] == ["bytes=2000000-"]


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (str(len(BODY) + 5), "broke off after 4,194,304 of 4,194,309 bytes"),
        (str(len(BODY) - 5), "wrong checksum"),
        ("many", None),
        ("-1", None),
        ("0", "0 bytes came"),
    ],
)
def test_a_server_that_lies_about_the_length_is_found_out(site, tmp_path, length, said):
    address, pages, _ = site
    pages["/reports.txt"] = 200, {"Content-Length": length}, BODY
    if said:
        broken_off(address, tmp_path, said)
    else:
        get(plain_source(address, BODY), tmp_path)
        assert (tmp_path / "reports.txt").read_bytes() == BODY
    assert not list(tmp_path.glob("*.partial*"))


@pytest.mark.parametrize(
    ("rest", "total", "said"),
    [
        (BODY[1_000_000:2_000_000], len(BODY), "broke off after 2,000,000 of 4,194,304 bytes"),  # less than was asked
        (BODY[1_000_000:] + b"!!", len(BODY), "4,194,306 bytes came, 4194304 were announced; refused"),
    ],
)
def test_the_rest_of_a_file_is_held_to_the_length_of_the_whole(site, tmp_path, rest, total, said):
    """The checksum is not known, as at the first fetch of a file that nobody vouches for."""
    address, pages, _ = site
    path = tmp_path / "reports.txt.partial"
    path.write_bytes(BODY[:1_000_000])
    (tmp_path / "reports.txt.partial.tag").write_text(TAG["ETag"])
    end = 1_000_000 + len(rest) - 1
    pages["/reports.txt"] = 206, TAG | {"Content-Range": f"bytes 1000000-{end}/{total}"}, rest
    with pytest.raises(InputError, match=said):
        download(f"{address}/reports.txt", path, None)
    assert path.is_file() == ("broke off" in said)


def test_an_answer_that_is_neither_the_file_nor_an_error_is_refused(site, tmp_path):
    address, pages, _ = site
    pages["/reports.txt"] = 206, {"Content-Range": "bytes 0-9/10"}, b"0123456789"
    broken_off(address, tmp_path, "answered 206 Partial Content, not with the file")


def test_a_download_that_is_killed_goes_on(site, tmp_path):
    address, pages, _ = site

    def slow(request) -> tuple[int, dict, bytes]:
        request.send_response(200)
        for name, value in (TAG | {"Content-Length": str(len(BODY))}).items():
            request.send_header(name, value)
        request.end_headers()
        for begin in range(0, len(BODY), 100_000):
            request.wfile.write(BODY[begin : begin + 100_000])
            time.sleep(0.05)
        return 200, {}, b""

    pages["/reports.txt"] = slow
    path = tmp_path / "reports.txt.partial"
    script = f"""
        from pathlib import Path
        from pushpull.data.transfer import download
        download({address!r} + "/reports.txt", Path({str(path)!r}), None)
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], env=environment)
    end = time.monotonic() + 60
    while not (path.is_file() and path.stat().st_size > 500_000):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    begun = path.stat().st_size
    assert 500_000 < begun < len(BODY)
    pages["/reports.txt"] = page = server_of_ranges(BODY)
    assert download(f"{address}/reports.txt", path, None) == digest(BODY)
    assert page.asked == [(f"bytes={begun}-", '"v1"')]
    assert path.read_bytes() == BODY


def test_a_bomb_is_refused_by_what_it_says_it_unpacks_to(tmp_path):
    bomb = tarfile.TarInfo("reports.txt")
    bomb.size = 3 << 30
    (tmp_path / "all.tar.gz").write_bytes(gzip.compress(bomb.tobuf() + bytes(10_240)))
    with pytest.raises(InputError, match="unpacks to more than 2,147,483,648 bytes; refused"):
        unpack(tmp_path / "all.tar.gz", {"reports.txt": None}, lambda path, stream: None)


def test_a_full_disk_keeps_what_came_and_the_next_run_goes_on(site, small_disk):
    address, pages, _ = site
    folder = small_disk(3 << 20)
    pages["/reports.txt"] = page = server_of_ranges(BODY)
    with pytest.raises(OSError, match="No space left on device"):
        download(f"{address}/reports.txt", folder / "reports.txt", len(BODY))
    begun = (folder / "reports.txt").stat().st_size
    assert begun >= 2 << 20
    subprocess.run(["mount", "-o", "remount,size=8m", str(folder)], check=True)
    assert download(f"{address}/reports.txt", folder / "reports.txt", len(BODY)) == digest(BODY)
    assert page.asked == [(None, None), (f"bytes={begun}-", '"v1"')]
