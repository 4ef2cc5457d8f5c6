"""Opens an uploaded file, whatever it turns out to be, and gives out its rows in chunks of text columns.

The kind of file is found in its first bytes, not in its name. Nothing here looks at what a value means;
everything that makes a whole file unusable is a `FileRefused` with a sentence, and no sentence holds a value.
Memory is bounded by the chunk, whatever the file: a record may not be longer than `RECORD_LIMIT`.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.errors import FileRefused

CHUNK_BYTES = 16 * 1024**2
RECORD_LIMIT = 1024**2
COLUMN_LIMIT = 1000
PARQUET_ROWS = 200_000
#: A file of results compresses 5 to 60 times; this much, after this many bytes, is an attack.
RATIO_LIMIT = 250
RATIO_CHECKED_AFTER = 64 * 1024**2

_NEWLINE, _RETURN, _QUOTE = 10, 13, 34
_SEPARATORS = b",;\t"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_T = TypeVar("_T")
Prepare = Callable[[pl.DataFrame], pl.DataFrame]


def _as_it_is(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


@dataclass(frozen=True)
class Chunk:
    """Some records of the file.

    lines: line number of each row of `frame` (the line on which the record starts; in Parquet the row
    number), int64. frame: the wanted columns, all text, "" where empty. ragged: line numbers of records
    with the wrong number of fields, which `frame` leaves out. consumed: bytes (CSV) or rows (Parquet)
    of the file that are done after this chunk.
    """

    lines: NDArray[np.int64]
    frame: pl.DataFrame
    ragged: NDArray[np.int64]
    consumed: int


@dataclass(frozen=True)
class Table:
    """An opened file: its headers, and a way to read it once from the start.

    total: bytes of the file as it lies on disk (CSV) or rows (Parquet), what `Chunk.consumed` counts up to.
    """

    headers: tuple[str, ...]
    total: int
    is_parquet: bool
    _chunks: Callable[[Sequence[int], Prepare], Iterator[Chunk]]

    def chunks(self, columns: Sequence[int], prepare: Prepare = _as_it_is) -> Iterator[Chunk]:
        """Chunks in file order with the columns at these positions, named by the position as text.

        prepare: what to make of each frame; it runs in the threads that read ahead.
        """
        return self._chunks(columns, prepare)


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
            return _open_parquet(path)
    if head.startswith(b"PK"):
        _check_zip(path)
    return _open_csv(path, byte_limit)


# --- what the bytes are ------------------------------------------------------------------------------------


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


def _check_zip(path: Path) -> None:
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
        with zipfile.ZipFile(raw) as archive:  # type: ignore[arg-type]
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
    while data := raw.read(4 * 1024**2):
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


class _Blocks:
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


def _check_text(head: bytes, *, inside_archive: bool) -> None:
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


# --- CSV ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Layout:
    separator: int
    field_count: int
    header_bytes: int
    header_lines: int
    headers: tuple[str, ...]


def _open_csv(path: Path, byte_limit: int) -> Table:
    blocks = _Blocks(path, byte_limit)
    try:
        head = blocks.read(2 * RECORD_LIMIT)
    finally:
        blocks.close()
    if not head:
        raise FileRefused("empty_file", "The file is empty.")
    _check_text(head, inside_archive=blocks.compressed)
    layout = _read_header(head)

    def chunks(columns: Sequence[int], prepare: Prepare) -> Iterator[Chunk]:
        source = _Blocks(path, byte_limit)
        try:
            yield from _read_ahead(
                _split_records(source, layout),
                lambda piece: _parse(piece, layout, columns, prepare),
            )
        finally:
            source.close()

    return Table(layout.headers, path.stat().st_size, False, chunks)


def _read_header(head: bytes) -> _Layout:
    start = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    end = _record_end(head, start)
    if end is None:
        if len(head) - start > RECORD_LIMIT:
            _refuse_long_record(1)
        end = len(head)
    raw = head[start:end]
    if b"\0" in raw:
        _refuse_nul(1)
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        _refuse_encoding(1)
    if not text.strip(",;\t \r\n"):
        raise FileRefused("no_header", "Line 1 must name the columns, and it is empty.")
    outside = "".join(text.split('"')[0::2])
    separator = max(_SEPARATORS, key=lambda s: outside.count(chr(s)))
    headers = tuple(
        name.strip()
        for name in next(csv.reader(io.StringIO(text, newline=""), delimiter=chr(separator)))
    )
    if len(headers) < 2:
        raise FileRefused(
            "one_column",
            "Only one column was found in line 1. Separate columns with commas, semicolons or tabs.",
        )
    if len(headers) > COLUMN_LIMIT:
        raise FileRefused("too_many_columns", f"The file has more than {COLUMN_LIMIT} columns.")
    check_headers(headers)
    return _Layout(separator, len(headers), end, raw.count(b"\n"), headers)


def check_headers(headers: Sequence[str]) -> None:
    """Raise FileRefused when two columns have the same name (capitals apart). Unnamed ones are ignored."""
    seen: set[str] = set()
    for position, header in enumerate(headers, 1):
        name = header.lower()
        if name and name in seen:
            raise FileRefused(
                "duplicate_headers",
                f"Line 1: column {position} has the same name as an earlier one. Each name may occur once.",
            )
        seen.add(name)


def _record_end(data: bytes, start: int) -> int | None:
    """Position after the newline that ends the record, None when it does not end within the data."""
    position = start
    while (newline := data.find(b"\n", position)) >= 0:
        if data.count(b'"', start, newline) % 2 == 0:
            return newline + 1
        position = newline + 1
    return None


def _split_records(source: _Blocks, layout: _Layout) -> Iterator[tuple[bytes, int, int]]:
    """Pieces of whole records: (bytes, line number of the first, bytes of the file read so far)."""
    data = source.read(CHUNK_BYTES)[layout.header_bytes :]
    line = layout.header_lines + 1
    while data:
        end = _last_record_end(data)
        if end is None:
            if len(data) > RECORD_LIMIT:
                _check_all_quotes(data, layout.separator, line)
                _refuse_long_record(_line_of_long_record(data, line))
            if more := source.read(CHUNK_BYTES):
                data += more
                continue
            if data.count(b'"') % 2:
                _check_all_quotes(data, layout.separator, line)
                _refuse_open_quote(line)
            # The last record of the file has no newline.
            data += b"\n"
            end = len(data)
        if len(data) - end > RECORD_LIMIT:
            _check_all_quotes(data, layout.separator, line)
            _refuse_long_record(_line_of_long_record(data, line))
        yield data[:end], line, source.raw.position
        line += int(np.count_nonzero(np.frombuffer(data, np.uint8, end) == _NEWLINE))
        data = data[end:] + source.read(CHUNK_BYTES)


def _line_of_long_record(data: bytes, first_line: int) -> int:
    """Line on which the first record starts that is longer than the limit."""
    buffer = np.frombuffer(data, np.uint8)
    parity = np.add.accumulate((buffer == _QUOTE).view(np.uint8), dtype=np.uint8) & 1
    ends = np.flatnonzero((buffer == _NEWLINE) & (parity == 0))
    starts = np.concatenate([[0], ends + 1])
    lengths = np.diff(np.concatenate([starts, [len(data)]]))
    start = int(starts[int(np.argmax(lengths > RECORD_LIMIT))])
    return first_line + data.count(b"\n", 0, start)


def _last_record_end(data: bytes) -> int | None:
    """Position after the last newline outside of quotation marks."""
    if b'"' not in data:
        return data.rfind(b"\n") + 1 or None
    total = data.count(b'"')
    end = len(data)
    after = 0
    while (newline := data.rfind(b"\n", 0, end)) >= 0:
        after += data.count(b'"', newline, end)
        if (total - after) % 2 == 0:
            return newline + 1
        end = newline
        if len(data) - end > 2 * RECORD_LIMIT:
            return None
    return None


def _parse(
    piece: tuple[bytes, int, int], layout: _Layout, columns: Sequence[int], prepare: Prepare
) -> Chunk:
    """Find records and their lines with numpy, then let polars read the columns that are wanted."""
    data, first_line, consumed = piece
    buffer = np.frombuffer(data, np.uint8)
    if b"\0" in data:
        _refuse_nul(first_line + data.count(b"\n", 0, data.index(b"\0")))
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as problem:
            _refuse_encoding(first_line + data.count(b"\n", 0, problem.start))

    every_newline = np.flatnonzero(buffer == _NEWLINE)
    ends = every_newline
    if b'"' in data:
        marks = np.flatnonzero(buffer == _QUOTE)
        _check_quotes(buffer, marks, layout.separator, first_line)
        ends = every_newline[np.searchsorted(marks, every_newline) % 2 == 0]
    starts = np.empty(len(ends), np.int64)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    lengths = ends - starts
    if len(lengths) and lengths.max() > RECORD_LIMIT:
        long_one = int(starts[int(np.argmax(lengths > RECORD_LIMIT))])
        _refuse_long_record(first_line + data.count(b"\n", 0, long_one))
    lines = np.arange(first_line, first_line + len(ends), dtype=np.int64)
    if len(ends) != len(every_newline):
        lines = first_line + np.searchsorted(every_newline, starts)

    ragged = np.zeros(0, np.int64)
    frame = None
    # polars refuses records with too many fields. With none of these, the right number of separators
    # says that no record has too few either, and nothing needs to be looked at one by one.
    separators = np.count_nonzero(buffer == layout.separator)
    if separators == len(ends) * (layout.field_count - 1) and lengths.min(initial=2) > 1:
        frame = _read_text(data, layout, columns, len(ends))
    if frame is None:
        keep = _field_counts(buffer, ends, layout.separator) == layout.field_count
        blank = (lengths == 0) | ((lengths == 1) & (buffer[starts] == _RETURN))
        ragged = lines[~keep & ~blank]
        lines = lines[keep]
        data = buffer[np.repeat(keep, lengths + 1)].tobytes()
        frame = _read_text(data, layout, columns, len(lines))
    if frame is None:
        # The reader's own message could quote the file, so it goes nowhere.
        raise FileRefused(
            "unreadable",
            f"The rows from line {first_line} on cannot be read as a table. Check the quotation marks.",
        )
    return Chunk(lines, prepare(frame), ragged, consumed)


def _field_counts(
    buffer: NDArray[np.uint8], ends: NDArray[np.int64], separator: int
) -> NDArray[np.int64]:
    """Fields of each record; separators within quotation marks do not count."""
    separators = np.flatnonzero(buffer == separator)
    marks = np.flatnonzero(buffer == _QUOTE)
    if len(marks):
        separators = separators[np.searchsorted(marks, separators) % 2 == 0]
    before = np.searchsorted(separators, ends)
    return np.diff(before, prepend=0) + 1


def _read_text(
    data: bytes, layout: _Layout, columns: Sequence[int], height: int
) -> pl.DataFrame | None:
    """The wanted columns as text, None where polars cannot make `height` rows of it."""
    wanted = sorted(set(columns))
    if not height:
        return pl.DataFrame(schema={str(c): pl.String for c in wanted})
    try:
        frame = pl.read_csv(
            data,
            has_header=False,
            schema={str(c): pl.String for c in range(layout.field_count)},
            columns=wanted,
            separator=chr(layout.separator),
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == height else None


def _check_all_quotes(data: bytes, separator: int, first_line: int) -> None:
    """Name the mark that does not belong, where a record seems to have no end because of it."""
    buffer = np.frombuffer(data, np.uint8)
    marks = np.flatnonzero(buffer == _QUOTE)
    # The last opening one has no partner, which is what the caller refuses.
    _check_quotes(buffer, marks, separator, first_line)


def _check_quotes(
    buffer: NDArray[np.uint8], marks: NDArray[np.int64], separator: int, first_line: int
) -> None:
    """A quotation mark may open a field, close one or stand doubled inside one; else refuse."""
    opening, closing = marks[0::2], marks[1::2]
    before = buffer[np.maximum(opening - 1, 0)]
    good = (opening == 0) | (before == separator) | (before == _NEWLINE) | (before == _QUOTE)
    stray = opening[~good]
    after = buffer[np.minimum(closing + 1, len(buffer) - 1)]
    good = (after == separator) | (after == _NEWLINE) | (after == _RETURN) | (after == _QUOTE)
    stray = np.concatenate([stray, closing[~good]])
    if len(stray):
        line = first_line + int(np.count_nonzero(buffer[: int(stray.min())] == _NEWLINE))
        raise FileRefused(
            "stray_quote",
            f"Line {line}: a quotation mark stands inside a field. Enclose the field in quotation marks"
            " and double those within it.",
        )


def _refuse_long_record(line: int) -> NoReturn:
    raise FileRefused(
        "line_too_long",
        f"Line {line} is longer than 1 MiB. Either the file has no line breaks, or a quotation mark is"
        " never closed.",
    )


def _refuse_open_quote(line: int) -> NoReturn:
    raise FileRefused(
        "open_quote", f"A quotation mark that opens in or after line {line} is never closed."
    )


def _refuse_nul(line: int) -> NoReturn:
    raise FileRefused(
        "nul_bytes",
        f"Line {line} holds NUL bytes, so this is not a text file. Export it as CSV UTF-8.",
    )


def _refuse_encoding(line: int) -> NoReturn:
    raise FileRefused(
        "not_utf8",
        f"Line {line} is not written in UTF-8 (perhaps in Latin-1 or Windows-1252). Save the file as"
        " “CSV UTF-8” and send it again.",
    )


# --- Parquet -----------------------------------------------------------------------------------------------


def _open_parquet(path: Path) -> Table:
    try:
        scan = pl.scan_parquet(path, glob=False)
        schema = scan.collect_schema()
        height = int(scan.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError):
        raise FileRefused(
            "damaged_parquet", "The Parquet file is damaged or was cut off. Write it again."
        ) from None
    headers = tuple(schema.names())
    check_headers(headers)
    if len(headers) > COLUMN_LIMIT:
        raise FileRefused("too_many_columns", f"The file has more than {COLUMN_LIMIT} columns.")

    def read(offset: int, columns: Sequence[int], prepare: Prepare) -> Chunk:
        wanted = sorted(set(columns))
        try:
            frame = (
                scan.select(_as_text(headers[c], schema[headers[c]]).alias(str(c)) for c in wanted)
                .slice(offset, PARQUET_ROWS)
                .collect()
            )
        except (pl.exceptions.PolarsError, OSError):
            raise FileRefused(
                "damaged_parquet",
                f"The Parquet file is damaged after row {offset}. Write it again.",
            ) from None
        lines = np.arange(offset + 1, offset + frame.height + 1, dtype=np.int64)
        return Chunk(lines, prepare(frame), np.zeros(0, np.int64), offset + frame.height)

    def chunks(columns: Sequence[int], prepare: Prepare) -> Iterator[Chunk]:
        for column in columns:
            if schema[headers[column]].is_nested() or schema[headers[column]] in (
                pl.Binary,
                pl.Object,
            ):
                raise FileRefused(
                    "nested_parquet",
                    f"Column {column + 1} of the Parquet file holds lists, records or bytes; text and numbers"
                    " are expected.",
                )
        offsets = iter(range(0, height, PARQUET_ROWS))
        yield from _read_ahead(offsets, lambda offset: read(offset, columns, prepare))

    return Table(headers, height, True, chunks)


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.Boolean:
        column = column.cast(pl.Int8)
    elif dtype.is_float():
        # 2139.0 in a ZIP column is the number 2139; 0.25 in a probability column stays.
        whole = column.cast(pl.Int64, strict=False)
        return (
            pl.when(whole.cast(dtype) == column)
            .then(whole.cast(pl.String))
            .otherwise(column.cast(pl.String))
            .fill_null("")
        )
    return column.cast(pl.String).fill_null("")


# --- two chunks ahead --------------------------------------------------------------------------------------


def _read_ahead(pieces: Iterator[Any], parse: Callable[[Any], _T]) -> Iterator[_T]:
    """Parse the next pieces in threads while the caller works on this one; the order stays."""
    waiting: deque[Future[_T]] = deque()
    with ThreadPoolExecutor(2, thread_name_prefix="parse") as pool:
        try:
            for piece in pieces:
                waiting.append(pool.submit(parse, piece))
                if len(waiting) > 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
