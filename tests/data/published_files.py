"""Made-up published files and sources, for the tests of fetching."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

from pushpull.data.sources import fetch

TEXT = b"twelve short reports\n" * 200


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def facts(data: bytes) -> dict:
    return {"bytes": len(data), "sha256": digest(data)}


def tar_of(members: list[tuple[str, bytes]], **kind) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = 0 if kind else len(data)
            for key, value in kind.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_of(members: list[tuple[str, bytes]], mode: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def plain_source(address: str, data: bytes = TEXT) -> dict:
    return {"sources": [{"url": f"{address}/reports.txt", "mirror": "shelf", **facts(data)}]}


def archive_source(address: str, name: str = "all.tar.gz", member: str = "deep/reports.txt") -> dict:
    return {"sources": [{"url": f"{address}/{name}", "mirror": "shelf", "members": {member: facts(TEXT)}}]}


def record_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}_checksums") / "mine.json"


def get(source: dict, folder: Path, mirror: Path | None = None) -> None:
    fetch("mine", source, folder, mirror, record_of(folder))
