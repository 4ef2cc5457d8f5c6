"""The bytes of an upload, decompressed on the way: plain, gzip, or zip with one file; never an archive bomb."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from measures.errors import FileRefused

CHUNK_BYTES = 8 * 1024**2
#: A file of results compresses 5 to 60 times; this much, after this many bytes, is an attack.
RATIO_LIMIT = 250
RATIO_CHECKED_AFTER = 64 * 1024**2

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class _Counted:
    """The file on disk, counting what was read of it: progress for compressed files too."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.position = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.position = self._file.tell()
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()


def _gunzip(raw: _Counted) -> Iterator[bytes]:
    """Decompressed blocks of a gzip file, several members allowed."""
    decoder = zlib.decompressobj(wbits=31)
    pending = b""
    while True:
        block = pending or raw.read(1024**2)
        pending = b""
        if not block:
            break
        try:
            while block:
                data = decoder.decompress(block, CHUNK_BYTES)
                block = decoder.unconsumed_tail
                if data:
                    yield data
            if decoder.eof:
                pending = decoder.unused_data.lstrip(b"\0")
                rest = pending or raw.read(1024**2).lstrip(b"\0")
                if not rest:
                    return
                pending = rest
                decoder = zlib.decompressobj(wbits=31)
        except zlib.error:
            raise FileRefused(
                "damaged_gzip",
                "The gzip file is damaged and cannot be decompressed. Compress it again.",
            ) from None
    if not decoder.eof:
        raise FileRefused(
            "truncated_gzip",
            "The gzip file ends too early: the transfer was cut off. Send it again.",
        )


def check_zip(path: Path) -> None:
    """Raise FileRefused unless the archive holds exactly one readable file."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [
                e
                for e in archive.infolist()
                if not e.is_dir() and not e.filename.startswith("__MACOSX/")
            ]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise FileRefused(
            "damaged_zip", "The zip archive is damaged or was cut off. Compress it again."
        ) from None
    names = {e.filename for e in entries}
    if "[Content_Types].xml" in names or any(n.startswith("xl/") for n in names):
        _refuse_excel()
    if len(entries) != 1:
        raise FileRefused(
            "zip_with_several_files",
            f"The zip archive holds {len(entries)} files. Put exactly one file into it.",
        )
    if entries[0].flag_bits & 0x1:
        raise FileRefused(
            "encrypted_zip", "The zip archive is protected by a password. Send it without one."
        )


def _unzip(raw: _Counted) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(raw) as archive:
            entry = next(
                e
                for e in archive.infolist()
                if not e.is_dir() and not e.filename.startswith("__MACOSX/")
            )
            with archive.open(entry) as member:
                while data := member.read(1024**2):
                    yield data
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        raise FileRefused(
            "damaged_zip", "The zip archive is damaged or was cut off. Compress it again."
        ) from None


def _plain(raw: _Counted) -> Iterator[bytes]:
    while data := raw.read(CHUNK_BYTES):
        yield data


def _bounded(blocks: Iterator[bytes], raw: _Counted, byte_limit: int) -> Iterator[bytes]:
    """The same blocks, refusing an archive that blows up."""
    produced = 0
    for block in blocks:
        produced += len(block)
        if produced > byte_limit:
            raise FileRefused(
                "too_large",
                f"The file is larger than {byte_limit / 1024**3:.0f} GiB after decompression."
                if byte_limit >= 1024**3
                else f"The file is larger than {byte_limit:,} bytes after decompression.",
            )
        if produced > RATIO_CHECKED_AFTER and produced > RATIO_LIMIT * max(raw.position, 1):
            raise FileRefused(
                "zip_bomb",
                f"The file unpacks to more than {RATIO_LIMIT} times its size, as no file of results does.",
            )
        yield block


class Blocks:
    """A file-like view on decompressed blocks: `read(n)` gives about n bytes, less only at the end."""

    def __init__(self, path: Path, byte_limit: int) -> None:
        self.raw = _Counted(path)
        head = self.raw.read(8)
        self.raw.seek(0)
        if head.startswith(b"PK"):
            blocks, self.compressed = _unzip(self.raw), True
        elif head.startswith(b"\x1f\x8b"):
            blocks, self.compressed = _gunzip(self.raw), True
        else:
            blocks, self.compressed = _plain(self.raw), False
        self._blocks = _bounded(blocks, self.raw, byte_limit)

    def read(self, size: int) -> bytes:
        parts: list[bytes] = []
        have = 0
        while have < size:
            block = next(self._blocks, None)
            if block is None:
                break
            parts.append(block)
            have += len(block)
        return b"".join(parts)

    def close(self) -> None:
        self.raw.close()


def _refuse_excel() -> NoReturn:
    raise FileRefused(
        "excel_file",
        "This is an Excel workbook, whatever its name says. Open it and save the sheet as “CSV UTF-8”.",
    )


def check_text(head: bytes, *, inside_archive: bool) -> None:
    """Raise FileRefused when the first bytes are not those of a UTF-8 table."""
    if head.startswith(_OLE):
        _refuse_excel()
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"PAR1")) and inside_archive:
        if b"[Content_Types].xml" in head[:2000] or b"xl/" in head[:4000]:
            _refuse_excel()
        raise FileRefused(
            "nested_archive",
            "The archive holds another archive. Put the table itself into one archive.",
        )
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or (
        len(head) > 3 and (head[1:8:2].count(0) >= 3 or head[0:8:2].count(0) >= 3)
    ):
        raise FileRefused(
            "utf16",
            "Line 1: the file is written in UTF-16, not UTF-8. Save it as “CSV UTF-8” and send it again.",
        )
    if head.startswith((b"%PDF", b"{\\rtf", b"<!DOCTYPE", b"<html", b"<?xml")):
        raise FileRefused("not_a_table", "This is a document, not a CSV or Parquet file.")
