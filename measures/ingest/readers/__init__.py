"""Opens an uploaded file, whatever it turns out to be, and gives out its rows in chunks of text columns.

The kind of file is found in its first bytes, not in its name. Nothing here looks at what a value means;
everything that makes a whole file unusable is a `FileRefused` with a sentence, and no sentence holds a value.
Memory is bounded by the chunk, whatever the file: a record may not be longer than `RECORD_LIMIT`.
"""

from __future__ import annotations

from pathlib import Path

from measures.errors import FileRefused
from measures.ingest.readers.blocks import Blocks, check_zip
from measures.ingest.readers.delimited import open_csv
from measures.ingest.readers.fhir import looks_like_json, open_fhir
from measures.ingest.readers.parquet import open_parquet
from measures.ingest.readers.tables import Chunk, Table

__all__ = ["Chunk", "Table", "open_table"]


def open_table(path: Path, *, byte_limit: int) -> Table:
    """Find out what the file is and read its headers.

    byte_limit: most bytes that the file may have after decompression.
    Raises FileRefused with one sentence for everything that is not a table in the contract's formats.
    """
    with path.open("rb") as file:
        head = file.read(8)
        if not head:
            raise FileRefused("empty_file", "The file is empty.")
        if head.startswith(b"PAR1"):
            return open_parquet(path)
    if head.startswith(b"PK"):
        check_zip(path)
    if looks_like_json(_head(path, byte_limit)):
        return open_fhir(path, byte_limit)
    return open_csv(path, byte_limit)


def _head(path: Path, byte_limit: int) -> bytes:
    """The first bytes after decompression."""
    blocks = Blocks(path, byte_limit)
    try:
        return blocks.read(64)
    finally:
        blocks.close()
