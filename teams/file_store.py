"""Bytes of attachments: below STATE_DIR, under their hash, readable by the application's own user alone."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from teams.errors import FileRefused
from teams.formats import format_bytes

_CHUNK_BYTES = 256 * 1024
#: Apart from uploads of data, which are deleted when their time is over: attachments stay.
_FOLDER = "files/attachments"


@dataclass(frozen=True)
class KeptFile:
    sha256: str
    byte_count: int


def path_of_attachment(sha256: str) -> Path:
    """Where the bytes with this hash lie."""
    return Path(settings.STATE_DIR) / _FOLDER / sha256[:2] / sha256


def check_size(byte_count: int) -> None:
    """Raise FileRefused beyond ATTACHMENT_LIMIT_BYTES."""
    if byte_count > settings.ATTACHMENT_LIMIT_BYTES:
        raise FileRefused(
            f"The file is larger than {format_bytes(settings.ATTACHMENT_LIMIT_BYTES)}."
            " Make it smaller, for example by saving pictures in a lower quality, and choose it again."
        )


def keep_file(stream: BinaryIO) -> KeptFile:
    """Copy a stream into the store. The same content sent twice lies there once.

    Raises FileRefused when it is larger than ATTACHMENT_LIMIT_BYTES; nothing remains then.
    """
    folder = Path(settings.STATE_DIR) / _FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=folder)
    digest, byte_count = hashlib.sha256(), 0
    try:
        with os.fdopen(descriptor, "wb") as target:
            stream.seek(0)
            while chunk := stream.read(_CHUNK_BYTES):
                byte_count += len(chunk)
                check_size(byte_count)
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        path = path_of_attachment(digest.hexdigest())
        path.parent.mkdir(mode=0o700, exist_ok=True)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return KeptFile(digest.hexdigest(), byte_count)
