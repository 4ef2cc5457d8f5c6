"""CSV: records found with numpy, so that every one has its line number, and parsed by polars."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import polars as pl
from numpy.typing import NDArray

from measures.errors import FileRefused
from measures.ingest.readers.blocks import CHUNK_BYTES, Blocks, check_text
from measures.ingest.readers.tables import Chunk, Prepare, Table, check_headers, read_ahead

RECORD_LIMIT = 1024**2

_NEWLINE, _RETURN, _QUOTE = 10, 13, 34
_SEPARATORS = b",;\t"


@dataclass(frozen=True)
class _Layout:
    separator: int
    field_count: int
    header_bytes: int
    header_lines: int
    headers: tuple[str, ...]


def open_csv(path: Path, byte_limit: int) -> Table:
    blocks = Blocks(path, byte_limit)
    try:
        head = blocks.read(2 * RECORD_LIMIT)
    finally:
        blocks.close()
    if not head:
        raise FileRefused("empty_file", "The file is empty.")
    check_text(head, inside_archive=blocks.compressed)
    layout = _read_header(head)

    def chunks(columns: Sequence[int], prepare: Prepare) -> Iterator[Chunk]:
        source = Blocks(path, byte_limit)
        try:
            yield from read_ahead(
                _split_records(source, layout),
                lambda piece: _parse(piece, layout, columns, prepare),
            )
        finally:
            source.close()

    return Table(layout.headers, path.stat().st_size, chunks)


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
    check_headers(headers)
    return _Layout(separator, len(headers), end, raw.count(b"\n"), headers)


def _record_end(data: bytes, start: int) -> int | None:
    """Position after the newline that ends the record, None when it does not end within the data."""
    position = start
    while (newline := data.find(b"\n", position)) >= 0:
        if data.count(b'"', start, newline) % 2 == 0:
            return newline + 1
        position = newline + 1
    return None


def _split_records(source: Blocks, layout: _Layout) -> Iterator[tuple[bytes, int, int, int]]:
    """Pieces of the file: (bytes, how many of them are whole records, line number of the first, bytes
    of the file read so far). What is left over of a piece comes again in the next.
    """
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
        yield data, end, line, source.raw.position
        # Many times as fast as `data.count`, and without holding up the threads that parse.
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
    piece: tuple[bytes, int, int, int], layout: _Layout, columns: Sequence[int], prepare: Prepare
) -> Chunk:
    """Find records and their lines with numpy, then let polars read the columns that are wanted."""
    data, end, first_line, consumed = piece
    data = data[:end]
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
