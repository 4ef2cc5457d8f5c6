"""Submissions whose cells are made from a frame of member rows, without a file.

rows: pandas frame with team_id, site_id, line_of_business, measure_id, period_id, denominator,
numerator, excluded and one column of stratum ids per stratum set ("race", "combined", …).
"""

from __future__ import annotations

import hashlib
from itertools import count

import numpy as np
import pandas as pd
import polars as pl
from django.db import transaction
from django.utils import timezone

from measures.enums import SourceKind, SubmissionState
from measures.ingest.aggregate import REAL_COUNT_SCHEMA, Sums
from measures.ingest.load import store_sums
from measures.models import Period, Source, Submission
from teams.models import Organisation

_numbers = count(1)
UNIT = ["team_id", "measure_id", "period_id"]


def make_source(organisation: Organisation, **fields: object) -> Source:
    number = next(_numbers)
    values = {"code": f"source-{number}", "name": f"Source {number}", "kind": SourceKind.PAYER}
    return Source.objects.create(organisation=organisation, **values | fields)


def make_period(label: str) -> Period:
    year = int(label)
    period, _ = Period.objects.get_or_create(
        label=label, defaults={"starts_on": f"{year}-01-01", "ends_on": f"{year}-12-31"}
    )
    period.refresh_from_db()
    return period


def random_rows(
    seed: int, *, teams: dict[int, list[int]], measures: list[int], period_id: int, size: int
) -> pd.DataFrame:
    """Rows spread unevenly over sites, lines and strata; strata ids as in measures/definitions."""
    rng = np.random.default_rng(seed)
    sites = [(team, site) for team, of_team in teams.items() for site in of_team]
    picked = rng.choice(len(sites), size, p=rng.dirichlet(np.ones(len(sites)) * 2))
    race = rng.choice([10, 11, 13, 12, 17, 18], size, p=[0.5, 0.2, 0.1, 0.02, 0.03, 0.15])
    ethnicity = rng.choice([20, 21, 22, 23], size, p=[0.2, 0.6, 0.05, 0.15])
    not_hispanic = pd.Series(race).map({10: 30, 11: 31, 13: 33, 12: 34, 17: 38, 18: 39}).to_numpy()
    combined = np.select(
        [ethnicity == 20, ethnicity == 22, ethnicity == 23], [32, 38, 39], not_hispanic
    )
    excluded = rng.random(size) < 0.03
    numerator = (rng.random(size) < np.where(race == 11, 0.6, 0.72)) & ~excluded
    return pd.DataFrame(
        {
            "team_id": np.array([s[0] for s in sites])[picked],
            "site_id": np.array([s[1] for s in sites])[picked],
            "line_of_business": rng.choice([1, 2, 3], size, p=[0.7, 0.2, 0.1]),
            "measure_id": rng.choice(measures, size),
            "period_id": period_id,
            "denominator": (~excluded).astype(int),
            "numerator": numerator.astype(int),
            "excluded": excluded.astype(int),
            "all": 1,
            "race": race,
            "ethnicity": ethnicity,
            "combined": combined,
        }
    )


def store_counts(
    submission: Submission,
    cells: pd.DataFrame,
    slices: pd.DataFrame,
    real_counts: pd.DataFrame | None = None,
) -> None:
    """Write counts as a load does. A column that a cell has no value in, a site or a line, may be missing."""

    def frame(rows: pd.DataFrame) -> pl.DataFrame:
        # Ids that are missing somewhere became floats on the way.
        whole = rows.convert_dtypes()
        return pl.DataFrame(
            {name: [None if v is pd.NA else v for v in whole[name]] for name in whole}
        )

    sums = Sums(
        cells=frame(cells.reindex(columns=cells.columns.union(["site_id", "line_of_business"]))),
        slices=frame(slices),
        real_counts=pl.DataFrame(schema=REAL_COUNT_SCHEMA)
        if real_counts is None
        else frame(real_counts),
    )
    with transaction.atomic():
        store_sums(submission.pk, submission.source_id, sums)


def load_rows(source: Source, rows: pd.DataFrame) -> Submission:
    """A loaded submission with the cells and slices of the rows, ready to be published."""
    number = next(_numbers)
    submission = Submission.objects.create(
        source=source,
        sha256=hashlib.sha256(str(number).encode()).hexdigest(),
        file_name=f"rows-{number}.csv",
        byte_count=1,
        stored_as="",
        state=SubmissionState.LOADED,
        replace_confirmed=True,
        row_count=len(rows),
        accepted_count=len(rows),
        state_changed_at=timezone.now(),
    )
    cells = [
        rows.assign(by_site=unit == "site_id")
        .groupby([*UNIT, "by_site", unit, stratum_set])[["denominator", "numerator", "excluded"]]
        .sum()
        .reset_index()
        .rename(columns={stratum_set: "stratum_id"})
        for unit in ("site_id", "line_of_business")
        for stratum_set in ("all", "race", "ethnicity", "combined")
    ]
    slices = rows.groupby(UNIT).agg(
        row_count=("all", "size"),
        denominator=("denominator", "sum"),
        numerator=("numerator", "sum"),
    )
    store_counts(
        submission,
        pd.concat(cells).assign(self_reported=lambda cell: cell["denominator"], indirect=0),
        slices.reset_index(),
    )
    return submission
