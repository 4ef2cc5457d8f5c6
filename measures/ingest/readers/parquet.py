"""Parquet: columns as text, by row number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from measures.errors import FileRefused
from measures.ingest.readers.tables import Chunk, Prepare, Table, check_headers, read_ahead

PARQUET_ROWS = 200_000


def open_parquet(path: Path) -> Table:
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
        yield from read_ahead(offsets, lambda offset: read(offset, columns, prepare))

    return Table(headers, height, chunks)


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
