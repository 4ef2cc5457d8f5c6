"""The file store: uploads under their SHA-256, lists of findings, and coded rows between two steps.

Everything lies below STATE_DIR, readable by the application's own user alone. Uploads hold names, which
are health data; findings and coded rows do not.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Container
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import numpy as np
import polars as pl
from django.conf import settings

from measures.enums import FileForm
from measures.errors import FileRefused
from measures.ingest.coders import PeriodSpan
from measures.ingest.imputing import MemberProbabilities

_FRAMES = ("facts", "members")


@dataclass(frozen=True)
class StoredFile:
    """An upload in the store. stored_as: path below the state folder."""

    sha256: str
    byte_count: int
    stored_as: str


@dataclass(frozen=True)
class CodedRows:
    """What the check leaves for the load; see `validate.Checked`."""

    form: FileForm
    facts: pl.DataFrame
    members: pl.DataFrame
    periods: tuple[PeriodSpan, ...]
    sets_given: frozenset[str]
    imputed: MemberProbabilities | None = None


def path_of(stored_as: str) -> Path:
    """Where a file of the store lies."""
    return Path(settings.STATE_DIR) / stored_as


def _folder(name: str) -> Path:
    folder = Path(settings.STATE_DIR) / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def too_large() -> FileRefused:
    """The refusal of a file beyond UPLOAD_LIMIT_BYTES, to be raised."""
    limit = settings.UPLOAD_LIMIT_BYTES
    text = f"{limit / 1024**3:.1f} GiB" if limit >= 1024**3 else f"{limit:,} bytes"
    return FileRefused("too_large", f"The file is larger than {text}.")


class IncomingFile:
    """Takes an upload piece by piece and hashes it on the way; nothing remains unless `keep` is called.

    Raises FileRefused from `write` when the file grows beyond UPLOAD_LIMIT_BYTES.
    """

    def __init__(self) -> None:
        descriptor, name = tempfile.mkstemp(dir=_folder("files/incoming"))
        self._file = os.fdopen(descriptor, "wb")
        self._path = Path(name)
        self._hash = hashlib.sha256()
        # Hashing takes as long as writing, so it goes on beside it, one piece at a time.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="hash")
        self._hashing: Future[None] | None = None
        self.byte_count = 0

    def write(self, data: bytes) -> None:
        self.byte_count += len(data)
        if self.byte_count > settings.UPLOAD_LIMIT_BYTES:
            self.discard()
            raise too_large()
        if self._hashing is not None:
            self._hashing.result()
        self._hashing = self._pool.submit(self._hash.update, data)
        self._file.write(data)

    def keep(self) -> StoredFile:
        """Move the whole file to its place. The same content sent twice lies there once."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._close()
        return _keep(self._path, self._hash.hexdigest(), self.byte_count)

    def discard(self) -> None:
        self._close()
        self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        self._pool.shutdown()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._file.closed:
            self.discard()


def _keep(path: Path, sha256: str, byte_count: int) -> StoredFile:
    stored_as = f"files/{sha256[:2]}/{sha256}"
    _folder(f"files/{sha256[:2]}")
    os.replace(path, path_of(stored_as))
    return StoredFile(sha256, byte_count, stored_as)


# --- files that arrive in parts ------------------------------------------------------------------------------


def _part_path(upload_id: UUID) -> Path:
    # `UUID` as a type is not enough to build a path from: this makes sure that it is one.
    return _folder("files/incoming") / f"{UUID(str(upload_id)).hex}.part"


def write_part(upload_id: UUID, offset: int, data: bytes) -> None:
    """Put bytes at their place in an unfinished upload, and onto the disk; what lay behind them goes."""
    descriptor = os.open(_part_path(upload_id), os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        file.seek(offset)
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def hash_part(upload_id: UUID) -> str:
    """SHA-256 of an unfinished upload. Raises FileRefused when it is no longer in the store."""
    try:
        with _part_path(upload_id).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise FileRefused("file_missing", "The upload is no longer here. Send it again.") from None


def keep_part(upload_id: UUID, sha256: str) -> StoredFile:
    """Move a finished upload to its place, like `IncomingFile.keep`."""
    path = _part_path(upload_id)
    return _keep(path, sha256, path.stat().st_size)


def delete_part(upload_id: UUID) -> None:
    _part_path(upload_id).unlink(missing_ok=True)


def delete_file(stored_as: str) -> None:
    if stored_as:
        path_of(stored_as).unlink(missing_ok=True)


def findings_name(submission_id: int) -> str:
    """Path below the state folder of the list of all findings of a submission."""
    return f"findings/{submission_id}.csv.gz"


# --- coded rows between check and load ----------------------------------------------------------------------


def save_rows(submission_id: int, rows: CodedRows) -> None:
    """Keep coded rows; what is there already is replaced whole."""
    target = _folder("scratch") / str(submission_id)
    draft = Path(tempfile.mkdtemp(dir=_folder("scratch")))
    rows.facts.write_ipc(draft / "facts.arrow")
    rows.members.write_ipc(draft / "members.arrow")
    if rows.imputed is not None:
        np.save(draft / "probabilities.npy", rows.imputed.probabilities)
    (draft / "rows.json").write_text(
        json.dumps(
            {
                "periods": [
                    [p.label, p.starts_on.isoformat(), p.ends_on.isoformat()] for p in rows.periods
                ],
                "sets_given": sorted(rows.sets_given),
                "form": rows.form,
                "imputed": None
                if rows.imputed is None
                else {"tables": rows.imputed.tables, "report": rows.imputed.report},
            }
        )
    )
    shutil.rmtree(target, ignore_errors=True)
    os.replace(draft, target)


def read_rows(submission_id: int) -> CodedRows | None:
    """Coded rows of a submission, None when they are not there (any more)."""
    folder = _folder("scratch") / str(submission_id)
    try:
        about = json.loads((folder / "rows.json").read_text())
        frames = [pl.read_ipc(folder / f"{name}.arrow") for name in _FRAMES]
        imputed = None
        if about["imputed"] is not None:
            imputed = MemberProbabilities(
                np.load(folder / "probabilities.npy"),
                tuple(about["imputed"]["tables"]),
                about["imputed"]["report"],
            )
    except (OSError, ValueError, pl.exceptions.PolarsError):
        return None
    return CodedRows(
        FileForm(about["form"]),
        frames[0],
        frames[1],
        tuple(
            PeriodSpan(label, date.fromisoformat(first), date.fromisoformat(last))
            for label, first, last in about["periods"]
        ),
        frozenset(about["sets_given"]),
        imputed,
    )


def delete_rows(submission_id: int) -> None:
    shutil.rmtree(_folder("scratch") / str(submission_id), ignore_errors=True)


def delete_leftovers(*, older_than: float, wanted: Container[str]) -> int:
    """Remove unfinished uploads, drafts, and uploads that no submission wants.

    older_than: only what was last touched before this time (seconds since 1970). wanted: `stored_as` of
    uploads to keep.
    """
    removed = 0
    uploads = [
        path
        for path in _folder("files").glob("??/*")
        if str(path.relative_to(settings.STATE_DIR)) not in wanted
    ]
    for path in [*_folder("files/incoming").iterdir(), *_folder("scratch").glob("tmp*"), *uploads]:
        if path.stat().st_mtime < older_than:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            removed += 1
    return removed
