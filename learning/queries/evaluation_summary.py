"""Every team of the evaluation in one line: sums of its tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from learning.evaluation_tables import Table
from learning.queries.evaluation import dose_table, participation_table, scores_table
from learning.queries.identities import list_pseudonyms
from teams.scoping import Scope


@dataclass(frozen=True)
class TeamSummary:
    """Sums over all months of one team. by_month: tests started in each of the last months, the earliest first."""

    code: str
    sessions_held: int
    sessions_attended: int
    calls: int
    tests_started: int
    tests_closed: int
    reports: int
    team_score: float | None
    coach_score: float | None
    by_month: tuple[int, ...]


#: Months of the little chart of tests started.
MONTHS_DRAWN = 18


def summarise_teams(scope: Scope, *, today: date) -> list[TeamSummary]:
    """Teams in the order of their pseudonyms, which is random."""

    def sums(table: Table, *names: str) -> dict[object, list[int]]:
        found: dict[object, list[int]] = {}
        places = [table.header.index(name) for name in names]
        for row in table.rows:
            totals = found.setdefault(row[0], [0] * len(names))
            for place, at in enumerate(places):
                totals[place] += int(str(row[at]))
        return found

    dose = dose_table(scope, today=today)
    attended = sums(participation_table(scope, today=today), "sessions_held", "sessions_attended")
    given = sums(dose, "calls_held", "tests_started", "tests_closed", "reports_handed_in")
    started = dose.header.index("tests_started")
    scores = {
        row[0]: row for row in scores_table(scope, today=today).rows
    }  # the latest month stays
    none: tuple[object, ...] = ("", "", None, None)
    found = []
    for code in list_pseudonyms(scope).values():
        held, came = attended.get(code, [0, 0])
        calls, begun, closed, reports = given.get(code, [0, 0, 0, 0])
        score = scores.get(code, none)
        months = [int(str(row[started])) for row in dose.rows if row[0] == code]
        found.append(
            TeamSummary(
                code=code,
                sessions_held=held,
                sessions_attended=came,
                calls=calls,
                tests_started=begun,
                tests_closed=closed,
                reports=reports,
                team_score=_optional(score[2]),
                coach_score=_optional(score[3]),
                by_month=tuple(months[-MONTHS_DRAWN:]),
            )
        )
    return found


def _optional(value: object) -> float | None:
    return None if value is None else float(str(value))
