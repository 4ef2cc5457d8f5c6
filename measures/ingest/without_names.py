"""Takes the names out of a kept file once they are no longer needed.

A file is read once; after its rows are loaded nobody needs the names in it. What is kept from then on is the
same table without those columns, as CSV. Its name in the store is still the checksum of what was sent, so
the same file sent twice is recognised.
"""

from __future__ import annotations

import gzip
import os
import re
import tempfile
from pathlib import Path
from typing import IO

from measures.enums import FileForm
from measures.ingest.mapping import Mapping
from measures.ingest.readers import Table
from measures.ingest.store import path_of

#: Ending of a kept file that had names.
SUFFIX = ".without-names.csv"
#: Headers of columns that hold names, whether or not the mapping uses them; letters and digits only.
_NAME_HEADERS = re.compile(
    r"^(?:member|patient|enrollee|subscriber|person)?"
    r"(?:name|lastname|surname|familyname|firstname|givenname|middlename|middleinitial|maidenname"
    r"|fullname|namelast|namefirst|preferredname)$"
)


def name_positions(table: Table, mapping: Mapping) -> list[int]:
    """Columns of the file that hold names."""
    named = {
        origin.position
        for name in ("last_name", "first_name")
        if (origin := mapping.origins.get(name)) is not None
    }
    return [
        position
        for position, header in enumerate(table.headers)
        if position in named or _NAME_HEADERS.match(re.sub(r"[^a-z0-9]", "", header.lower()))
    ]


def keep_without_names(stored_as: str, table: Table, mapping: Mapping) -> str:
    """Write the file anew without names. Returns its path in the store: the old one if it had none.

    Rows with the wrong number of fields are left out; they were set aside. The old file stays: whoever
    calls this deletes it when nothing points to it any more.
    """
    names = name_positions(table, mapping)
    # The resources of a FHIR file name the patients; its table does not.
    is_fhir_members = table.form == FileForm.MEMBERS
    if stored_as.endswith(SUFFIX) or not (names or is_fhir_members):
        return stored_as
    kept = [position for position in range(len(table.headers)) if position not in names]
    target = path_of(stored_as + SUFFIX)
    with path_of(stored_as).open("rb") as file:
        is_packed = file.read(2) in (b"\x1f\x8b", b"PK", b"PA")
    descriptor, draft = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            if is_packed:
                with gzip.open(raw, "wb", compresslevel=1) as packed:
                    _write(packed, table, kept)
            else:
                _write(raw, table, kept)
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(draft, target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return stored_as + SUFFIX


def _write(file: IO[bytes] | gzip.GzipFile, table: Table, kept: list[int]) -> None:
    headers = {str(position): table.headers[position] for position in kept}
    is_first = True
    for chunk in table.chunks(kept):
        frame = chunk.frame.select(list(headers)).rename(headers)
        file.write(frame.write_csv(include_header=is_first).encode())
        is_first = False
