"""The evaluator's view: every team under a pseudonym, counts by month, results with the eyes of an outsider.

Nothing here holds a name. Counts of people follow the rule of all results (`PRIVACY_THRESHOLD`); only whole
months are counted, so that looking every day tells no day; counts of denominators are bands.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.utils import timezone

from learning.enums import ActionState, CallState, ReportState, SessionState
from learning.evaluation_tables import Column, Table, number_column, size_band
from learning.models import (
    ActionItem,
    Attendance,
    Call,
    MonthlyReport,
    PreWorkDone,
    ReleasedText,
    Score,
    Session,
)
from learning.queries.identities import get_name_finder, list_pseudonyms
from learning.queries.releases import RELEASED_KIND, REPORT_TEXTS, TEST_TEXTS
from measures import queries as measures
from measures.queries.results import PRIVACY_THRESHOLD
from measures.stats.states import GapState
from pdsa.charts.periods import step
from pdsa.enums import Decision, Frequency
from pdsa.queries.months import TestDates, list_test_dates
from teams.permissions import Permission, check_permission
from teams.queries import get_programme
from teams.scoping import NOBODY, Scope

#: What a count of persons is called that may not be shown.
HIDDEN, SHOWN = "1 to 10, hidden", "shown"
_TEAM = Column("team", "Team", "Pseudonym of the team: random, the same in every table and file.")
_MONTH = Column("month", "Month", "Calendar month, YYYY-MM. Only whole months that have ended.")


# --- months ----------------------------------------------------------------------------------------------------


def _month(day: date) -> date:
    return day.replace(day=1)


def list_months(today: date) -> list[date]:
    """First days of the programme's whole months up to the last one that has ended, at most five years of them."""
    last = step(_month(today), Frequency.MONTH, -1)
    starts_on = get_programme().starts_on
    first = _month(starts_on) if starts_on else step(last, Frequency.MONTH, -23)
    months = []
    month = max(first, step(last, Frequency.MONTH, -59))
    while month <= last:
        months.append(month)
        month = step(month, Frequency.MONTH)
    return months


def _by_month(rows: Iterable[tuple[int, date | None]]) -> Counter[tuple[int, date]]:
    return Counter((team_id, _month(day)) for team_id, day in rows if day is not None)


def _rows(
    scope: Scope, today: date, cells: Callable[[int, date], tuple[object, ...]]
) -> tuple[tuple[object, ...], ...]:
    months = list_months(today)
    return tuple(
        (code, f"{month:%Y-%m}", *cells(team_id, month))
        for team_id, code in list_pseudonyms(scope).items()
        for month in months
    )


def persons_cell(count: int) -> tuple[int | None, str]:
    """A count of persons as it may be shown, with its state: 1 to 10 are hidden, 0 is not."""
    return (None, HIDDEN) if 0 < count < PRIVACY_THRESHOLD else (count, SHOWN)


# --- tables ----------------------------------------------------------------------------------------------------


def participation_table(scope: Scope, *, today: date) -> Table:
    """Sessions offered and attended, and persons who came, by team and month."""
    held = Session.objects.filter(state__in=[SessionState.HELD, SessionState.PUBLISHED])
    offered: Counter[date] = Counter()
    offered_to: Counter[tuple[int, date]] = Counter()
    month_of: dict[int, date] = {}
    for session in held.prefetch_related("teams"):
        month = month_of[session.pk] = _month(timezone.localdate(session.starts_at))
        teams = list(session.teams.all())
        if teams:
            offered_to.update((team.pk, month) for team in teams)
        else:
            offered[month] += 1
    sessions: dict[tuple[int, date], set[int]] = defaultdict(set)
    people: dict[tuple[int, date], set[int]] = defaultdict(set)
    came = Attendance.objects.filter(session__in=month_of, team__isnull=False)
    for session_id, team_id, user_id in came.order_by().values_list(
        "session_id", "team_id", "user_id"
    ):
        sessions[team_id, month_of[session_id]].add(session_id)
        people[team_id, month_of[session_id]].add(user_id)
    prepared: Counter[tuple[int, date]] = Counter()
    done = PreWorkDone.objects.filter(session__in=month_of).order_by()
    for session_id, team_id in done.values_list("session_id", "team_id"):
        prepared[team_id, month_of[session_id]] += 1

    def cells(team_id: int, month: date) -> tuple[object, ...]:
        key = team_id, month
        return (
            offered[month] + offered_to[key],
            len(sessions[key]),
            prepared[key],
            *persons_cell(len(people[key])),
        )

    return Table(
        "participation",
        "Participation",
        "Sessions of the programme that were held, and how far each team took part.",
        (
            _TEAM,
            _MONTH,
            number_column("sessions_held", "Sessions held", "Sessions held in the month that the team was invited to."),
            number_column("sessions_attended", "Attended", "Those of them to which at least one person of the team checked in."),
            number_column("pre_work_done", "Pre-work done", "Those of them whose pre-work the team said it had done."),
            number_column("persons", "Persons", "Different persons of the team who checked in. Empty where 1 to 10: hidden."),
            Column("persons_state", "State", f"“{SHOWN}”, or “{HIDDEN}”."),
        ),
        _rows(scope, today, cells),
    )  # fmt: skip


def _open_at_end(tests: list[TestDates], month: date) -> int:
    following = step(month, Frequency.MONTH)
    return sum(
        test.started_on is not None
        and test.started_on < following
        and (test.closed_on is None or test.closed_on >= following)
        and (test.cancelled_on is None or test.cancelled_on >= following)
        for test in tests
    )


def dose_table(scope: Scope, *, today: date) -> Table:
    """Calls, actions, tests by state and reports, by team and month."""
    tests = list_test_dates(scope)
    of_team: dict[int, list[TestDates]] = defaultdict(list)
    for test in tests:
        of_team[test.team_id].append(test)
    calls = _by_month(
        Call.objects.filter(state=CallState.HELD).order_by().values_list("team_id", "held_on")
    )
    due = _by_month(ActionItem.objects.order_by().values_list("team_id", "due_on"))
    done = _by_month(
        ActionItem.objects.filter(state=ActionState.DONE)
        .order_by()
        .values_list("team_id", "closed_on")
    )
    reports = Counter(
        MonthlyReport.objects.exclude(state=ReportState.DRAFT)
        .order_by()
        .values_list("team_id", "month")
    )
    started = _by_month((test.team_id, test.started_on) for test in tests)
    closed = _by_month((test.team_id, test.closed_on) for test in tests)
    cancelled = _by_month((test.team_id, test.cancelled_on) for test in tests)
    decided = {
        decision: _by_month((t.team_id, t.closed_on) for t in tests if t.decision == decision)
        for decision in Decision
    }

    def cells(team_id: int, month: date) -> tuple[object, ...]:
        key = team_id, month
        return (
            calls[key],
            due[key],
            done[key],
            started[key],
            _open_at_end(of_team[team_id], month),
            closed[key],
            *(decided[decision][key] for decision in Decision),
            cancelled[key],
            reports[key],
        )

    return Table(
        "dose",
        "Dose",
        "What each team got and did: coaching calls, actions, tests of change, monthly reports.",
        (
            _TEAM,
            _MONTH,
            number_column("calls_held", "Calls", "Coaching calls held in the month."),
            number_column("actions_due", "Actions due", "Action items of coaching that were due in the month."),
            number_column("actions_done", "Actions done", "Action items closed as done in the month."),
            number_column("tests_started", "Tests started", "Tests of change that began in the month."),
            number_column("tests_open", "Open at month’s end", "Tests begun and neither closed nor cancelled when the month ended."),
            number_column("tests_closed", "Tests closed", "Tests closed with a decision in the month."),
            *(
                number_column(f"closed_{decision.value}", decision.label, f"Those of them with the decision “{decision.label}”.")
                for decision in Decision
            ),
            number_column("tests_cancelled", "Cancelled", "Tests cancelled in the month."),
            number_column("reports_handed_in", "Reports", "1 where the team handed in the report about this month, at any time."),
        ),
        _rows(scope, today, cells),
    )  # fmt: skip


def scores_table(scope: Scope, *, today: date) -> Table:
    """The latest score of team and coach for each month, on the scale of the collaborative."""
    pseudonyms = list_pseudonyms(scope)
    months = set(list_months(today))
    latest: dict[tuple[str, date], dict[str, float]] = defaultdict(dict)
    given = Score.objects.order_by("given_at", "id").values_list(
        "team_id", "month", "by_whom", "value"
    )
    for team_id, month, by_whom, value in given:
        if month in months and team_id in pseudonyms:
            latest[pseudonyms[team_id], month][by_whom] = float(value)
    return Table(
        "scores",
        "Scores",
        "How far each team has come on the scale from 0.5 to 5.0, as the team and its coach see it. Without reasons.",
        (
            _TEAM,
            _MONTH,
            number_column("team_score", "Team", "The team’s own score of the month; the latest where there are several."),
            number_column("coach_score", "Coach", "The coach’s score of the month; the latest where there are several."),
        ),
        tuple(
            (code, f"{month:%Y-%m}", scores.get("team"), scores.get("coach"))
            for (code, month), scores in sorted(latest.items())
        ),
    )  # fmt: skip


_GAP_STATES = {
    GapState.SHOWN: "shown",
    GapState.IS_REFERENCE: "reference",
    GapState.NO_REFERENCE: "no_reference",
    GapState.NOT_COMPARED: "not_compared",
    GapState.SMALL_DENOMINATOR: "too_few",
}


def outcomes_table(scope: Scope) -> Table:
    """Gaps with their intervals by team, period, measure and stratum: what everybody outside a group may see."""
    pseudonyms = list_pseudonyms(scope)
    # The evaluator's scope holds no team on purpose; the numbers are read as somebody of no group would see
    # them, and leave this function without a name.
    outsider = replace(NOBODY, team_ids=tuple(sorted(pseudonyms)))
    source = measures.get_default_source(outsider)
    rows: list[tuple[object, ...]] = []
    if source is not None:
        # Whole years: two windows of twelve months that overlap would tell a month.
        periods = [p for p in measures.list_periods(source) if p.label == f"{p.year}"]
        for stratum_set in measures.list_stratum_sets(source).filter(code="combined"):
            for result in measures.list_results_of_teams(
                outsider, source=source, periods=periods, stratum_set=stratum_set
            ):
                assert result.unit.team is not None
                rows += _outcome_rows(result, pseudonyms[result.unit.team.pk])
    rows.sort(key=lambda row: tuple(str(cell) for cell in row[:5]))
    return Table(
        "outcomes",
        "Outcomes",
        "Gaps of each team between groups of patients, from the payer’s data. Privacy-protected as for everybody.",
        (
            _TEAM,
            Column("period", "Year", "Measurement year."),
            Column("measure", "Measure code", "Code of the measure; the site’s definitions say what it counts.", file_only=True),
            Column("measure_name", "Measure", "Short name of the measure."),
            Column("stratum", "Stratum", "Code of the group of patients.", file_only=True),
            Column("stratum_label", "Patients", "The group of patients in words."),
            Column("reference", "Reference", "Code of the group that it is compared with.", file_only=True),
            Column("direction", "Better", "“higher” or “lower”: which rate is better."),
            Column("size", "Size", "Band of the denominator, never the count. Empty where it may not be shown."),
            Column("gap_state", "State", "shown, reference, too_few (fewer than 30), protected (hidden for privacy), no_reference, not_compared."),
            number_column("gap_points", "Gap, points", "Rate less that of the reference, in percentage points, one decimal. Empty unless shown."),
            number_column("gap_points_lower", "from", "Lower limit of its 95% interval (Newcombe)."),
            number_column("gap_points_upper", "to", "Upper limit of its 95% interval."),
        ),
        tuple(rows),
    )  # fmt: skip


def _outcome_rows(result: measures.SetResult, code: str) -> list[tuple[object, ...]]:
    definition = result.definition
    return [
        (
            code,
            result.period.label,
            definition.measure.code,
            definition.short_name,
            figure.stratum.code,
            figure.stratum.short_label,
            result.reference.code if result.reference else "",
            definition.direction,
            size_band(figure.denominator) if figure.denominator else None,
            _GAP_STATES.get(figure.gap_state, "protected"),
            _point(figure.gap_points if figure.gap_shown else None),
            _point(figure.gap_points_lower if figure.gap_shown else None),
            _point(figure.gap_points_upper if figure.gap_shown else None),
        )
        for figure in result.compared
    ]


def _point(value: float | None) -> float | None:
    return None if value is None else round(value, 1) + 0.0


def texts_table(scope: Scope) -> Table:
    """Texts that teams have released, without their pseudonym and masked once more."""
    check_permission(scope, Permission.VIEW_EVALUATION)
    finder = get_name_finder()
    words = REPORT_TEXTS | TEST_TEXTS
    rows = sorted(
        (RELEASED_KIND[row.report_id is not None], words.get(row.field, row.field), finder.mask(row.text))
        for row in ReleasedText.objects.order_by()
    )  # fmt: skip
    return Table(
        "texts",
        "Released texts",
        "Texts that teams chose to give for evaluation. They carry no pseudonym: whoever knows one text would "
        "otherwise know all numbers of its team.",
        (
            Column("kind", "From", "“monthly report” or “test of change”."),
            Column("part", "Part", "Which text of it."),
            Column(
                "text",
                "Text",
                "The words as released; names that the programme knows are masked.",
            ),
        ),
        tuple(rows),
    )


def list_tables(scope: Scope, *, today: date) -> list[Table]:
    """Every table that an evaluator may take away, in the order of the pages."""
    return [
        participation_table(scope, today=today),
        dose_table(scope, today=today),
        scores_table(scope, today=today),
        outcomes_table(scope),
        texts_table(scope),
    ]


TABLE_NAMES = ("participation", "dose", "scores", "outcomes", "texts")


def get_table(scope: Scope, name: str, *, today: date) -> Table:
    """One of `TABLE_NAMES`. Raises LookupError for another name."""
    makers: dict[str, Callable[[], Table]] = {
        "participation": lambda: participation_table(scope, today=today),
        "dose": lambda: dose_table(scope, today=today),
        "scores": lambda: scores_table(scope, today=today),
        "outcomes": lambda: outcomes_table(scope),
        "texts": lambda: texts_table(scope),
    }
    if name not in makers:
        raise LookupError(name)
    return makers[name]()


def tables_as_of(today: date) -> datetime:
    """The moment up to which months are counted: the last one's end."""
    last_day = _month(today) - timedelta(days=1)
    return timezone.make_aware(datetime.combine(last_day, datetime.min.time()))
