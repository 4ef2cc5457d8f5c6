"""Writes a checked file to the database: member rows, facts and cells as partitions of their own, and sums.

Everything happens on the caller's connection inside the caller's transaction, so a load is there whole
or not at all. Rows go by COPY into stand-alone tables: COPY and row-level security do not go together, so
those of members are locked down before they become partitions; and an index is built faster than it grows.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import polars as pl
from django.db import connection

from measures.ingest import fact_blocks
from measures.ingest.aggregate import Sums
from measures.ingest.imputing import ImputedSums, MemberProbabilities
from measures.models import Imputation, ImputationValidity, ImputedSlice

COPY_ROWS = 50_000
_T = TypeVar("_T")
_ROW_COLUMNS = (
    "submission_id", "member_number", "team_id", "member_key", "sealed_id", "race_codes", "race", "ethnicity",
    "combined", "language", "sex", "gender_identity", "sexual_orientation", "race_source", "ethnicity_source",
    "language_source", "birth_year", "zip_code", "tract", "probabilities",
)  # fmt: skip
_CELL_COLUMNS = (
    "submission_id", "team_id", "measure_id", "period_id", "by_site", "site_id", "line_of_business",
    "stratum_id", "denominator", "numerator", "excluded", "self_reported", "indirect",
)  # fmt: skip
#: Tables with a partition per submission; of each person's data those that are walled off, too.
WALLED = ("measures_memberrow", "measures_factblock")
PARENTS = (*WALLED, "measures_cell")


class IdsMissing(Exception):
    """A loaded row points to something that does not exist: a fault of the program or a deleted team."""


def drop_rows(submission_id: int) -> None:
    """Remove everything that a load of this submission wrote. Without a load, nothing happens."""
    with connection.cursor() as cursor:
        for parent in PARENTS:
            cursor.execute(f"drop table if exists {partition_of(parent, submission_id)}")
        for table in (
            "measures_realcount",
            "measures_slice",
            "measures_imputedslice",
            "measures_imputationvalidity",
            "measures_imputation",
        ):
            cursor.execute(f"delete from {table} where submission_id = %s", [submission_id])


def partition_of(parent: str, submission_id: int) -> str:
    return f"{parent}_s{int(submission_id)}"


def load_rows(
    submission_id: int,
    facts: pl.DataFrame,
    members: pl.DataFrame,
    *,
    period_ids: list[int],
    progress: Callable[[int, int], None],
) -> None:
    """Make the two partitions of a submission. Raises IdsMissing when an id points nowhere."""
    total = facts.height + members.height
    _check_member_ids(facts, members)
    done = 0

    def note(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    def member_texts() -> Iterator[io.BytesIO]:
        blocks = (
            block.select(
                pl.lit(submission_id),
                "member_number",
                "team_id",
                *(_bytes(name) for name in ("member_key", "sealed_id")),
                _array("race_codes"),
                *_ROW_COLUMNS[6:-1],
                _array("probabilities"),
            )
            for block in members.iter_slices(COPY_ROWS)
        )
        for text in _texts(blocks):
            yield text
            note(min(COPY_ROWS, members.height - done))

    def fact_texts() -> Iterator[io.BytesIO]:
        yield io.BytesIO(fact_blocks.START)
        for block, count in _ahead(fact_blocks.fact_blocks(submission_id, facts, period_ids)):
            yield block
            note(count)
        yield io.BytesIO(fact_blocks.END)

    _make_partition("measures_memberrow", submission_id, _ROW_COLUMNS, "text", member_texts())
    _make_partition(
        "measures_factblock", submission_id, fact_blocks.COLUMNS, "binary", fact_texts()
    )


def _make_partition(
    parent: str,
    submission_id: int,
    columns: tuple[str, ...],
    form: str,
    texts: Iterator[io.BytesIO],
) -> None:
    partition = partition_of(parent, submission_id)
    with connection.cursor() as cursor:
        cursor.execute(
            f"create table {partition} (like {parent} including defaults including storage"
            f" including constraints, check (submission_id = {int(submission_id)}))"
        )
        _copy(cursor, f"{partition} ({', '.join(columns)})", f"format {form}, freeze", texts)
        if parent in WALLED:
            # Row-level security without a policy: who reads the partition itself sees nothing.
            cursor.execute(f"alter table {partition} enable row level security")
            cursor.execute(f"alter table {partition} force row level security")
        cursor.execute(
            f"alter table {parent} attach partition {partition} for values in ({int(submission_id)})"
        )


def store_sums(submission_id: int, source_id: int, sums: Sums) -> None:
    """Write cells, completeness counts and slices; none of them is current yet."""
    of_submission = pl.lit(submission_id).alias("submission_id")
    cells = (
        block.select(of_submission, *_CELL_COLUMNS[1:])
        for block in sums.cells.iter_slices(COPY_ROWS)
    )
    _make_partition("measures_cell", submission_id, _CELL_COLUMNS, "text", _texts(cells))
    with connection.cursor() as cursor:
        columns: tuple[str, ...] = (
            "submission_id",
            "team_id",
            "period_id",
            "site_id",
            "field",
            "category",
            "member_count",
        )
        copy_frames(
            cursor,
            "measures_realcount",
            columns,
            [sums.real_counts.select(of_submission, *columns[1:])],
        )
        columns = (
            "submission_id", "source_id", "is_current", "team_id", "measure_id", "period_id", "row_count",
            "denominator", "numerator",
        )  # fmt: skip
        copy_frames(
            cursor,
            "measures_slice",
            columns,
            [
                sums.slices.select(
                    of_submission,
                    pl.lit(source_id).alias("source_id"),
                    pl.lit(False).alias("is_current"),
                    *columns[3:],
                )
            ],
        )


def store_imputed(
    submission_id: int, imputed: MemberProbabilities, sums: ImputedSums, *, method_version: str
) -> None:
    """Write how probabilities were made and what they add up to."""
    Imputation.objects.create(
        submission_id=submission_id,
        tables=list(imputed.tables),
        report=imputed.report,
        method_version=method_version,
    )
    ImputedSlice.objects.bulk_create(
        (ImputedSlice(submission_id=submission_id, **row) for row in sums.slices), batch_size=200
    )
    ImputationValidity.objects.bulk_create(
        (ImputationValidity(submission_id=submission_id, **row) for row in sums.validity),
        batch_size=200,
    )


def check_count_ids(counts: pl.DataFrame) -> None:
    """Raise IdsMissing when a count points to a team, site, measure or stratum that does not exist."""
    _check_ids(
        {
            "teams_team": counts["team_id"].unique(),
            "teams_site": counts.filter(pl.col("site_id") > 0)["site_id"].unique(),
            "measures_measure": counts["measure_id"].unique(),
            "measures_stratum": counts["stratum_id"].unique(),
        }
    )


def _check_member_ids(facts: pl.DataFrame, members: pl.DataFrame) -> None:
    strata = [
        "race",
        "ethnicity",
        "combined",
        "language",
        "sex",
        "gender_identity",
        "sexual_orientation",
    ]
    _check_ids(
        {
            "teams_team": facts["team_id"].unique(),
            "teams_site": facts.filter(pl.col("site_id") > 0)["site_id"].unique(),
            "measures_measure": facts["measure_id"].unique(),
            "measures_stratum": pl.concat(
                [members[name].cast(pl.Int32) for name in strata]
                + [members["race_codes"].explode().drop_nulls().cast(pl.Int32)]
                + (
                    [facts.filter(pl.col("payer") > 0)["payer"].cast(pl.Int32)]
                    if "payer" in facts.columns
                    else []
                )
            ).unique(),
        }
    )


def _check_ids(wanted: dict[str, pl.Series]) -> None:
    """Every id of these tables exists; locked, so that none goes before the commit."""
    with connection.cursor() as cursor:
        for table, ids in wanted.items():
            cursor.execute(
                f"select id from {table} where id = any(%s) for key share", [ids.to_list()]
            )
            if len(cursor.fetchall()) != len(ids):
                raise IdsMissing(f"Rows point to ids that {table} does not have.")


# --- COPY --------------------------------------------------------------------------------------------------


class _Stream(io.RawIOBase):
    """What COPY reads: texts one after the other."""

    def __init__(self, texts: Iterator[io.BytesIO]) -> None:
        self._texts = texts
        self._rest = io.BytesIO()

    def read(self, size: int = -1) -> bytes:
        while not (data := self._rest.read(size)):
            text = next(self._texts, None)
            if text is None:
                return b""
            self._rest = text
        return data

    def readable(self) -> bool:
        return True


def _ahead(pieces: Iterator[_T]) -> Iterator[_T]:
    """The same pieces, each made in a thread while the server takes the one before."""
    with ThreadPoolExecutor(1, thread_name_prefix="copy") as pool:
        following = pool.submit(next, pieces, None)
        while (piece := following.result()) is not None:
            following = pool.submit(next, pieces, None)
            yield piece


def _texts(frames: Iterator[pl.DataFrame]) -> Iterator[io.BytesIO]:
    """Frames as COPY wants them."""
    return _ahead(_text(frame) for frame in frames)


def _text(frame: pl.DataFrame) -> io.BytesIO:
    text = io.BytesIO()
    frame.write_csv(
        text, include_header=False, separator="\t", null_value="\\N", quote_style="never"
    )
    text.seek(0)
    return text


def copy_frames(cursor: Any, table: str, columns: tuple[str, ...], frames: Any) -> None:
    """COPY frames of numbers and plain words into a table. Texts must hold no tab, newline or backslash."""
    _copy(cursor, f"{table} ({', '.join(columns)})", "format text", _texts(iter(frames)))


def _copy(cursor: Any, where: str, options: str, texts: Iterator[io.BytesIO]) -> None:
    cursor.copy_expert(
        f"copy {where} from stdin with ({options})",
        _Stream(texts),
        1 << 20,  # by place: the cursor of DEBUG=1 takes no keywords here
    )


def _bytes(name: str) -> pl.Expr:
    return ("\\\\x" + pl.col(name).bin.encode("hex")).alias(name)


def _array(name: str) -> pl.Expr:
    return (
        pl.when(pl.col(name).is_null())
        .then(None)
        .otherwise("{" + pl.col(name).cast(pl.List(pl.String)).list.join(",") + "}")
        .alias(name)
    )
