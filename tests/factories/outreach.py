"""A group's own file of members in the database, without the way there: for pages that list members.

make_member_list(team, source=own, ids=["MRN-1", "MRN-2"])     # nobody of them has met the measure
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from django.db import transaction

from measures.enums import SubmissionState
from measures.ingest.load import load_rows
from measures.member_keys import MemberKeys
from measures.models import Measure, Period, Source, Stratum, Submission
from teams.models import Team
from tests.factories.results import make_submission
from tests.factories.submissions import make_current_slice


def make_member_list(
    team: Team, *, source: Source, measure: Measure, period: Period, ids: Sequence[str]
) -> Submission:
    """A published file of `source`, a group's own, with one row per member. Needs strata to be there."""
    submission = make_submission(source, file_name="members.csv")
    submission.state = SubmissionState.PUBLISHED
    submission.published_at, submission.data_version = submission.received_at, 1
    submission.save()
    numbers = pl.Series("member_number", range(len(ids)), dtype=pl.Int32)
    hashes, sealed = MemberKeys(source.pk, seal=True).of(pl.Series(list(ids)))
    stratum = Stratum.objects.order_by("id").values_list("id", flat=True)[0]
    codes = (
        "race", "ethnicity", "combined", "language", "sex", "gender_identity", "sexual_orientation",
    )  # fmt: skip
    members = pl.DataFrame({"member_number": numbers}).with_columns(
        pl.lit(team.pk).alias("team_id"),
        hashes.alias("member_key"),
        sealed.alias("sealed_id"),
        pl.concat_list(pl.lit(stratum, pl.Int16)).alias("race_codes"),
        *(pl.lit(stratum, pl.Int16).alias(code) for code in codes),
        *(pl.lit(0, pl.Int16).alias(f"{code}_source") for code in codes[:2] + ("language",)),
        pl.lit(1960, pl.Int16).alias("birth_year"),
        *(pl.lit(None, pl.Int64).alias(name) for name in ("zip_code", "tract")),
        pl.lit(None, pl.List(pl.Float64)).alias("probabilities"),
    )
    facts = pl.DataFrame({"member_number": numbers}).with_columns(
        pl.lit(team.pk).alias("team_id"),
        pl.lit(measure.pk).alias("measure_id"),
        *(pl.lit(0).alias(n) for n in ("site_id", "period", "event_number", "line_of_business")),
        pl.lit(1).alias("flags"),
    )
    with transaction.atomic():
        load_rows(
            submission.pk, facts, members, period_ids=[period.pk], progress=lambda done, total: None
        )
    make_current_slice(submission, team=team, measure=measure, period=period, denominator=len(ids))
    return submission
