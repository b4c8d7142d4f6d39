"""A hub on this machine: what the hub's library asks for, answered from folders, with the headers of huggingface.co."""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class Hub(BaseHTTPRequestHandler):
    """Serves `server.folder`/{owner}/{name}/{revision}/; large files (safetensors, bin) are those of Git LFS."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if found := re.fullmatch(r"/api/models/(\S+?)/revision/(\w+)\?.*", self.path):
            self._list(*found.groups())
        else:
            self._send(*re.fullmatch(r"/(\S+?)/resolve/(\w+)/(\S+)", self.path).groups())

    def _send(self, repository: str, revision: str, name: str) -> None:
        path = self.server.folder / repository / revision / name
        data = self.server.served.get(name, path.read_bytes())
        digest = _facts(path)["lfs"]["sha256"] if _large(path) else _facts(path)["blobId"]
        begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        headers = {"ETag": f'"{digest}"', "X-Repo-Commit": revision, "Content-Length": str(len(data) - begin)}
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        self._answer(206 if begin else 200, headers)
        if self.command == "GET":
            for start in range(begin, len(data), 1 << 16):
                self.wfile.write(data[start : start + (1 << 16)])
                time.sleep(self.server.pause)

    def _list(self, repository: str, revision: str) -> None:
        folder = self.server.folder / repository / revision
        if not folder.is_dir():
            code = "RevisionNotFound" if folder.parent.is_dir() else "RepoNotFound"
            self._answer(404, {"X-Error-Code": code, "Content-Length": "0"})
            return
        files = [{"rfilename": str(p.relative_to(folder))} | _facts(p) for p in folder.rglob("*") if p.is_file()]
        body = json.dumps({"id": repository, "sha": revision, "siblings": files}).encode()
        self._answer(200, {"Content-Type": "application/json", "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def _large(path: Path) -> bool:
    return path.suffix in (".safetensors", ".bin")


def _facts(path: Path) -> dict:
    data = path.read_bytes()
    facts = {"size": len(data), "blobId": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}
    if _large(path):
        facts["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return facts


@contextmanager
def running_hub(folder: Path) -> Iterator[ThreadingHTTPServer]:
    """A hub of the repositories in `folder`; it has `asked` (paths), `served` (other bytes for a name) and `pause`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.folder, server.asked, server.served, server.pause = folder, [], {}, 0.0
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
