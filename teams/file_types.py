"""What kind of file something is, worked out from its bytes and never from its name. Pure, no Django."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO

from teams.errors import FileRefused

_HEAD_BYTES = 8192
_NAME_LENGTH = 200
#: Names inside a document of the office family that say which of them it is.
_OFFICE = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/presentation.xml": (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    ),
}
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
#: Types that a browser may show in the page itself: pictures, which run nothing.
SHOWN_IN_PAGE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

ACCEPTED = "PDF, Word, Excel or PowerPoint (docx, xlsx, pptx), a picture, plain text or CSV"


def content_type_of(stream: BinaryIO) -> str:
    """Type of a file; the stream is left at its beginning.

    Raises FileRefused, with a sentence for the sender, for everything that is not accepted: programs,
    web pages, old office files, documents with macros, archives, empty files.
    """
    stream.seek(0)
    head = stream.read(_HEAD_BYTES)
    try:
        return _type_of(head, stream)
    finally:
        stream.seek(0)


def _type_of(head: bytes, stream: BinaryIO) -> str:
    if not head:
        raise FileRefused("This file is empty. Choose another one.")
    for magic, content_type in _MAGIC:
        if head.startswith(magic):
            return content_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        return "image/heic"
    if head.startswith(b"PK\x03\x04"):
        return _office_type(stream)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRefused(
            "This is an office file of the old kind, or one with a password."
            " Save it as docx, xlsx or pptx without a password, or as PDF, and choose it again."
        )
    return _text_type(head)


def _office_type(stream: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        raise FileRefused("This file is damaged and cannot be opened. Send it again.") from None
    if any(name.endswith("vbaProject.bin") for name in names):
        raise FileRefused(
            "This document holds macros, which can do harm. Save it without macros and choose it again."
        )
    for name, content_type in _OFFICE.items():
        if name in names:
            return content_type
    raise FileRefused(f"Archives are not accepted. Choose the files themselves: {ACCEPTED}.")


def _text_type(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    # What a browser would take for a page or a drawing with scripts, whatever it is called.
    is_markup = start.startswith((b"<!doctype", b"<html", b"<?xml", b"<svg", b"<script"))
    control = any(byte < 32 and byte not in b"\t\n\r\x0c" for byte in head)
    if is_markup or control or start.startswith(b"#!"):
        raise FileRefused(f"Files of this kind are not accepted. Choose {ACCEPTED}.")
    return "text/plain"


def plain_name(name: str) -> str:
    """A file's name as its sender called it: without folders and control characters, shortened."""
    last = PurePosixPath(name.replace("\\", "/")).name
    clean = "".join(c for c in last if c.isprintable()).strip()
    if len(clean) > _NAME_LENGTH:
        stem, dot, ending = clean.rpartition(".")
        keep = _NAME_LENGTH - len(ending) - 1
        clean = f"{stem[:keep]}.{ending}" if dot and keep > 0 else clean[:_NAME_LENGTH]
    return clean or "file"
