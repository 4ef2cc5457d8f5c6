"""Member-level data that go the way of real ones: cells, current slices, and the product's own recomputation.

data = make_members(teams=["Harbor", "Ridge"], seed=3)       # a pandas frame, one row a member and measure
world = load_members(data)                                   # source, teams, cells, results
world.team("Harbor")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count

import numpy as np
import pandas as pd

from measures.actions.recompute import recompute_families
from measures.enums import RealField, SourceKind, SubmissionState
from measures.models import Measure, Period, Slice, Source, Stratum, Submission
from teams.enums import OrganisationKind
from teams.models import Team
from tests.factories import definitions
from tests.factories.cells import UNIT, store_counts
from tests.factories.people import make_organisation, make_team

AS_OF = datetime(2025, 3, 1, 12, tzinfo=UTC)

_numbers = count(1)

#: race → (share, points added to the rate of the measure)
RACES = {
    "white": (0.55, 0), "black": (0.12, -9), "asian": (0.09, 2), "other": (0.03, -3), "multiple": (0.02, 0),
    "aian": (0.01, -5), "declined": (0.03, 0), "unknown": (0.15, -1),
}  # fmt: skip
ETHNICITIES = {"not_hispanic": 0.72, "hispanic": 0.14, "declined": 0.03, "unknown": 0.11}
#: measure → rate; GSD-POOR is the inverse one
MEASURES = {"CBP": 0.70, "COL-E": 0.64, "GSD-POOR": 0.28}


def combined_of(race: str, ethnicity: str) -> str:
    """The combined stratum by the written rule (measures/definitions/README.md)."""
    if ethnicity == "hispanic":
        return "hispanic"
    if "declined" in (race, ethnicity):
        return "declined"
    if "unknown" in (race, ethnicity):
        return "unknown"
    return f"nh_{race}"


def make_members(
    *,
    teams: Sequence[str],
    seed: int = 1,
    members: Sequence[int] | int = 900,
    measures: Sequence[str] = tuple(MEASURES),
    periods: Sequence[str] = ("2024",),
) -> pd.DataFrame:
    """One row a member and measure: team, period, member, measure, race, ethnicity, combined, basis, numerator."""
    random = np.random.default_rng(seed)
    sizes = [members] * len(teams) if isinstance(members, int) else list(members)
    frames = []
    for period in periods:
        for team, size in zip(teams, sizes, strict=True):
            race = random.choice(list(RACES), size, p=[s for s, _ in RACES.values()])
            ethnicity = random.choice(list(ETHNICITIES), size, p=list(ETHNICITIES.values()))
            shift = np.array([RACES[r][1] for r in race]) / 100
            for measure in measures:
                eligible = random.random(size) < 0.7
                higher = measure != "GSD-POOR"
                rate = np.clip(MEASURES[measure] + (shift if higher else -shift), 0.02, 0.98)
                frames.append(
                    pd.DataFrame(
                        {
                            "team": team,
                            "period": period,
                            "member": np.arange(size),
                            "measure": measure,
                            "race": race,
                            "ethnicity": ethnicity,
                            "combined": [
                                combined_of(r, e) for r, e in zip(race, ethnicity, strict=True)
                            ],
                            "numerator": (random.random(size) < rate).astype(int),
                        }
                    )[eligible]
                )
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True)
class LoadedWorld:
    source: Source
    teams: dict[str, Team]
    members: pd.DataFrame

    def team(self, name: str) -> Team:
        return self.teams[name]

    def period(self, label: str = "2024") -> Period:
        return Period.objects.get(label=label)


def make_payer_source(*, name: str = "Claims") -> Source:
    return Source.objects.create(
        organisation=make_organisation(OrganisationKind.PAYER),
        code=f"claims-{next(_numbers)}",
        name=name,
        kind=SourceKind.PAYER,
    )


def load_members(
    members: pd.DataFrame, *, source: Source | None = None, teams: dict[str, Team] | None = None
) -> LoadedWorld:
    """Load the frame as one published submission and compute its results. Call again to replace slices."""
    definitions.load()
    source = source or make_payer_source()
    teams = dict(teams or {})
    for name in members["team"].unique():
        if name not in teams:
            teams[name] = make_team(name=name)
    periods = {
        label: Period.objects.get_or_create(
            label=label,
            defaults={
                "starts_on": date(int(label[:4]), 1, 1),
                "ends_on": date(int(label[:4]), 12, 31),
            },
        )[0]
        for label in members["period"].unique()
    }
    measures = {m.code: m for m in Measure.objects.filter(code__in=members["measure"].unique())}
    source.data_version += 1
    source.save(update_fields=["data_version"])
    submission = Submission.objects.create(
        source=source,
        sha256=f"{next(_numbers):064d}",
        file_name="members.csv",
        byte_count=1,
        stored_as="",
        state=SubmissionState.PUBLISHED,
        published_at=AS_OF,
        data_version=source.data_version,
        row_count=len(members),
        accepted_count=len(members),
    )
    strata = {
        (s.stratum_set.code, s.code): s.pk for s in Stratum.objects.select_related("stratum_set")
    }
    keyed = members.assign(
        team_id=members["team"].map({name: team.pk for name, team in teams.items()}),
        period_id=members["period"].map({label: period.pk for label, period in periods.items()}),
        measure_id=members["measure"].map({code: measure.pk for code, measure in measures.items()}),
    )
    slices = keyed.groupby(UNIT)["numerator"].agg(row_count="size", numerator="sum").reset_index()
    slices["denominator"] = slices["row_count"]
    # As publishing does: what is there goes, then the new is current.
    for team_id, measure_id, period_id in slices[UNIT].itertuples(index=False):
        Slice.objects.filter(
            source=source, team=team_id, measure=measure_id, period=period_id, is_current=True
        ).update(is_current=False, superseded_by=submission)
    store_counts(submission, _cells(keyed, strata), slices, _real_counts(keyed))
    Slice.objects.filter(submission=submission).update(is_current=True)
    families = slices[["measure_id", "period_id"]].itertuples(index=False, name=None)
    recompute_families(source=source, families=set(families), as_of=AS_OF)
    return LoadedWorld(source, teams, members)


def _cells(members: pd.DataFrame, strata: dict[tuple[str, str], int]) -> pd.DataFrame:
    frames = []
    for set_code in ("all", "race", "ethnicity", "combined"):
        stratum = "all" if set_code == "all" else members[set_code]
        cells = (
            members.assign(stratum=stratum)
            .groupby([*UNIT, "stratum"])["numerator"]
            .agg(denominator="size", numerator="sum")
            .reset_index()
        )
        cells["stratum_id"] = [strata[set_code, code] for code in cells["stratum"]]
        known = ~cells["stratum"].isin(["all", "declined", "unknown"])
        cells["self_reported"] = cells["denominator"].where(known, 0)
        frames += [
            cells.assign(by_site=True, excluded=0, indirect=0),
            cells.assign(by_site=False, excluded=0, indirect=0, line_of_business=1),
        ]
    return pd.concat(frames)


def _real_counts(members: pd.DataFrame) -> pd.DataFrame:
    people = members.drop_duplicates(["team", "period", "member"])
    frames = [
        people.assign(
            field=field.value,
            category=people[field.value].map(
                lambda code: code if code in ("declined", "unknown") else "self_reported"
            ),
        )
        for field in (RealField.RACE, RealField.ETHNICITY)
    ]
    return (
        pd.concat(frames)
        .groupby(["team_id", "period_id", "field", "category"])
        .size()
        .reset_index(name="member_count")
        .assign(site_id=None)
    )
