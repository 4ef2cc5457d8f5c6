"""Files of every kind: what they are, where their lines are, and why a whole file is refused."""

from __future__ import annotations

import gzip
import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.errors import FileRefused
from measures.ingest.readers import blocks, delimited, open_table

LIMIT = 1024**3
TABLE = b"member_id,period,note\nm1,2024,x\nm2,2023,y\n"


def read(
    path: Path, limit: int = LIMIT
) -> tuple[tuple[str, ...], list[list[str]], list[int], list[int]]:
    """(headers, rows, line of each row, lines of ragged records)."""
    table = open_table(path, byte_limit=limit)
    rows: list[list[str]] = []
    lines: list[int] = []
    ragged: list[int] = []
    for chunk in table.chunks(list(range(len(table.headers)))):
        rows += [list(r) for r in chunk.frame.rows()]
        lines += chunk.lines.tolist()
        ragged += chunk.ragged.tolist()
    return table.headers, rows, lines, ragged


def written(folder: Path, data: bytes, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def zipped(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def encrypted_zip() -> bytes:
    """A zip whose entry says that it is encrypted: bit 0 of its flags, in both headers."""
    data = bytearray(zipped(("a.csv", TABLE)))
    data[6] |= 1
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    return bytes(data)


def parquet(**columns: object) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(columns).write_parquet(out)
    return out.getvalue()


# --- every way to write the same table ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        TABLE,
        b"\xef\xbb\xbf" + TABLE,
        TABLE.replace(b",", b";"),
        TABLE.replace(b",", b"\t"),
        TABLE.replace(b"\n", b"\r\n"),
        TABLE.rstrip(b"\n"),
        TABLE.replace(b"m1,2024,x", b'"m1","2024","x"'),
        TABLE + b"\n\r\n",
        gzip.compress(TABLE),
        gzip.compress(TABLE[:30]) + gzip.compress(TABLE[30:]),
        zipped(("inside.csv", TABLE)),
        zipped(("__MACOSX/x", b"junk"), ("folder/", b""), ("folder/inside.txt", TABLE)),
        parquet(member_id=["m1", "m2"], period=[2024, 2023], note=["x", "y"]),
    ],
    ids=[
        "plain", "byte order mark", "semicolons", "tabs", "carriage returns", "no last newline", "quoted",
        "blank lines at the end", "gzip", "gzip in two members", "zip", "zip with a folder", "parquet",
    ],
)  # fmt: skip
def test_same_table_in_every_format(tmp_path: Path, data: bytes) -> None:
    headers, rows, lines, ragged = read(written(tmp_path, data, "any.name"))
    assert headers == ("member_id", "period", "note")
    assert rows == [["m1", "2024", "x"], ["m2", "2023", "y"]]
    assert lines == ([1, 2] if data.startswith(b"PAR1") else [2, 3])
    assert ragged == []


def test_line_is_where_the_record_starts(tmp_path: Path) -> None:
    data = b'"a",b\n"1\n1","x, y"\n2,"say ""hi"""\n\n3,\n4,5,6\n7\n8,\xc3\xa9\n'
    _, rows, lines, ragged = read(written(tmp_path, data))
    assert rows == [["1\n1", "x, y"], ["2", 'say "hi"'], ["3", ""], ["8", "é"]]
    assert lines == [2, 4, 6, 9]
    assert ragged == [7, 8]


def test_newline_in_header_counts(tmp_path: Path) -> None:
    headers, _, lines, _ = read(written(tmp_path, b'"a\nb",c\n1,2\n'))
    assert headers == ("a\nb", "c")
    assert lines == [3]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.text(st.sampled_from('ab,"\n\r;é '), max_size=6), min_size=2, max_size=2),
        max_size=30,
    ),
    st.integers(12, 60),
)
def test_chunks_of_any_size_give_what_the_csv_module_gives(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], chunk: int
) -> None:
    """Python's csv module is the second opinion on rows and on the lines on which they start."""
    import csv as reference

    out = io.StringIO(newline="")
    reference.writer(out, quoting=reference.QUOTE_ALL, lineterminator="\n").writerows(rows)
    text = "h1,h2\n" + out.getvalue()
    reader = reference.reader(io.StringIO(text, newline=""))
    expected, lines, before = [], [], 0
    for record in reader:
        if before:
            expected.append(record)
            lines.append(before + 1)
        before = reader.line_num
    path = written(tmp_path_factory.mktemp("csv"), text.encode())
    old = delimited.CHUNK_BYTES
    delimited.CHUNK_BYTES = chunk
    try:
        _, got, got_lines, ragged = read(path)
    finally:
        delimited.CHUNK_BYTES = old
    assert got == expected
    assert ragged == []
    # The module counts \r as a line end too, we count \n: compare where no \r is about.
    if "\r" not in text:
        assert got_lines == lines


def test_parquet_numbers_become_text(tmp_path: Path) -> None:
    data = parquet(zip=[2139.0, None], flag=[True, False], share=[0.25, 1.0], n=[7, None])
    _, rows, _, _ = read(written(tmp_path, data))
    assert rows == [["2139", "1", "0.25", "7"], ["", "0", "1", ""]]


def test_only_wanted_columns_are_read(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, TABLE), byte_limit=LIMIT)
    [chunk] = table.chunks([2, 0])
    assert chunk.frame.columns == ["0", "2"]


# --- every reason to refuse the whole file -----------------------------------------------------------------

LONG = b"a,b\n" + b"1,2\n" * 5 + b"x" * (delimited.RECORD_LIMIT + 10) + b",y\n"


@pytest.mark.parametrize(
    ("code", "data", "words"),
    [
        ("empty_file", b"", "empty"),
        ("empty_file", gzip.compress(b""), "empty"),
        ("no_header", b"\n1,2\n", "Line 1"),
        ("one_column", b"only\n1\n", "one column"),
        ("duplicate_headers", b"a,B,b\n1,2,3\n", "column 3"),
        ("excel_file", zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"")), "Excel"),
        ("excel_file", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "Excel"),
        ("utf16", TABLE.decode().encode("utf-16"), "UTF-16"),
        ("utf16", TABLE.decode().encode("utf-16-le"), "UTF-16"),
        ("not_utf8", TABLE + "m3,2024,é\n".encode("latin-1"), "Line 4 "),
        ("not_utf8", "né,b\n1,2\n".encode("latin-1"), "Line 1 "),
        ("nul_bytes", TABLE + b"m3,20\x0024,x\n", "Line 4 "),
        ("stray_quote", TABLE + b'm3,5" pipe,x\n', "Line 4:"),
        ("open_quote", TABLE + b'm3,"2024,x\n', "never closed"),
        ("line_too_long", LONG, "Line 7 "),
        ("line_too_long", b"a,b\n" + b"1,2\n" * 3 + b'"' + b"x\n" * delimited.RECORD_LIMIT, "Line 5 "),
        ("line_too_long", b"x" * (3 * delimited.RECORD_LIMIT), "Line 1 "),
        ("truncated_gzip", gzip.compress(TABLE * 100)[:-20], "cut off"),
        ("damaged_gzip", b"\x1f\x8b\x08\0" + b"junk" * 50, "damaged"),
        ("damaged_zip", zipped(("a.csv", TABLE))[:-30], "damaged"),
        ("zip_with_several_files", zipped(("a.csv", TABLE), ("b.csv", TABLE)), "2 files"),
        ("zip_with_several_files", zipped(), "0 files"),
        ("encrypted_zip", encrypted_zip(), "password"),
        ("nested_archive", zipped(("a.zip", zipped(("a.csv", TABLE)))), "another archive"),
        ("nested_archive", gzip.compress(gzip.compress(TABLE)), "another archive"),
        ("excel_file", gzip.compress(zipped(("[Content_Types].xml", b""), ("xl/a", b""))), "Excel"),
        ("not_a_table", b"%PDF-1.7 and so on", "document"),
        ("damaged_parquet", b"PAR1" + b"junk" * 20, "damaged"),
        ("damaged_parquet", parquet(a=list(range(100)), b=["x"] * 100)[:-60], "damaged"),
        ("nested_parquet", parquet(a=[[1], [2]], b=[1, 2]), "Column 1"),
        ("too_many_columns", b",".join(b"c%d" % i for i in range(1200)) + b"\n", "columns"),
    ],
    # Bytes would make the names differ between test processes: gzip writes the time into them.
    ids=lambda value: value if isinstance(value, str) else "file",
)  # fmt: skip
def test_whole_file_is_refused_in_words(tmp_path: Path, code: str, data: bytes, words: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read(written(tmp_path, data))
    assert refused.value.code == code
    assert words in str(refused.value)
    assert str(refused.value).endswith(".")


def test_zip_bomb_is_refused_before_it_unpacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "RATIO_CHECKED_AFTER", 4 * 1024**2)
    path = written(tmp_path, gzip.compress(b"a,b\n" + b"1,2\n" * 10_000_000))
    with pytest.raises(FileRefused) as refused:
        read(path)
    assert refused.value.code == "zip_bomb"


def test_zip_that_lies_about_its_size_is_bounded(tmp_path: Path) -> None:
    data = bytearray(zipped(("a.csv", b"a,b\n" + b"1,2\n" * 100_000)))
    central = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, 10)
    with pytest.raises(FileRefused) as refused:
        read(written(tmp_path, bytes(data)), limit=50_000)
    assert refused.value.code in {"too_large", "damaged_zip"}


@pytest.mark.parametrize("pack", [gzip.compress, lambda d: zipped(("a.csv", d)), lambda d: d])
def test_limit_holds_after_decompression(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    with pytest.raises(FileRefused) as refused:
        read(written(tmp_path, pack(b"a,b\n" + b"1,2\n" * 50_000)), limit=100_000)
    assert refused.value.code == "too_large"
    assert "100,000 bytes" in str(refused.value)


def test_giant_line_is_never_held_in_memory(tmp_path: Path) -> None:
    """2 GiB without a line break: refused after the first pieces, from a file with a hole."""
    path = tmp_path / "giant.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n1,")
        file.truncate(2 * 1024**3)
    tracemalloc.start()
    with pytest.raises(FileRefused) as refused:
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.code in {"line_too_long", "nul_bytes"}
    assert "Line 2" in str(refused.value)
    assert peak < 100 * 1024**2


def test_refusal_never_quotes_the_file(tmp_path: Path) -> None:
    secret = b"Keeling-Zulauf"
    for data in (
        TABLE + secret + b',5" x,y\n',
        secret + b"," + secret.lower() + b"\n",
        TABLE + secret + "é\n".encode("latin-1"),
    ):
        with pytest.raises(FileRefused) as refused:
            read(written(tmp_path, data))
        assert secret.decode().lower() not in str(refused.value).lower()


def test_lines_of_many_chunks_go_on_counting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "CHUNK_BYTES", 1000)
    data = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i) for i in range(2, 5000))
    _, rows, lines, _ = read(written(tmp_path, data))
    assert [int(r[0]) for r in rows] == lines == list(range(2, 5000))
    assert np.all(np.diff(lines) == 1)
