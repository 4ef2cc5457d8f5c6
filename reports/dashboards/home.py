"""What waits for whom: the pieces of the home page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from measures.enums import RealField, SubmissionState
from measures.queries import CompletenessRow, DataChange, GapCount, SetResult
from reports.dashboards.team import care_results
from reports.dashboards.wording import (
    Reading,
    basis_text,
    capitalised,
    counted_text,
    gap_decimals,
    gap_interval_text,
    gap_text,
    people_of,
    rate_text,
    read_figure,
)
from teams.formats import format_count, format_percent
from teams.models import Team


@dataclass(frozen=True)
class Task:
    """One thing that waits: what, why, and the page that does it. `address` is an address name."""

    title: str
    text: str
    action: str
    address: str
    argument: Any = None
    at: datetime | None = None


@dataclass(frozen=True)
class KeyFigure:
    """A number that matters, with what is needed to trust it."""

    label: str
    value: str
    unit: str
    context: str
    counted: str
    interval: str
    basis: str
    definition: str
    measure_code: str


@dataclass(frozen=True)
class TeamRow:
    """One team in a list by name."""

    team: Team
    last_data_at: datetime | None
    gaps: str
    completeness: str
    card: Any | None


#: state, what is to be done, the cards in the plural, why.
_CARD_STATES = (
    (
        "reviewed",
        "Publish",
        "reviewed report cards",
        "Reviewed and ready. Once published, a card stays as it is.",
    ),
    (
        "draft",
        "Review",
        "drafts of report cards",
        "The numbers of a draft follow the data until it is published.",
    ),
)


def submission_tasks(submissions: Sequence[Any]) -> list[Task]:
    """What submissions ask of the people who sent them. States that need nobody give no task."""
    tasks = []
    for submission in submissions:
        state = SubmissionState(submission.state)
        common = {
            "address": "measures:submission",
            "argument": submission.pk,
            "at": submission.state_changed_at,
        }
        if state == SubmissionState.NEEDS_MAPPING:
            tasks.append(
                Task(
                    f"Say what the columns of {submission.file_name} mean",
                    "Its headers are not the ones we know. Mapped once, they are remembered.",
                    "Map the columns",
                    **common,
                )
            )
        elif state == SubmissionState.NEEDS_CONFIRMATION:
            tasks.append(
                Task(
                    f"Decide about {submission.file_name}",
                    "It would replace data that are already published. Nothing changes until you agree.",
                    "Look and decide",
                    **common,
                )
            )
        elif state == SubmissionState.REJECTED:
            tasks.append(
                Task(
                    f"Mend {submission.file_name}",
                    submission.refusal,
                    "See what was wrong",
                    **common,
                )
            )
    return tasks


def card_tasks(cards: Sequence[Any]) -> list[Task]:
    """Cards that are not published yet: reviewed ones wait for publishing, drafts for review.

    Several in the same state are one task: a dozen drafts must not push everything else off the page.
    """
    tasks = []
    for state, verb, what, text in _CARD_STATES:
        waiting = [card for card in cards if card.state == state]
        if not waiting:
            continue
        first = waiting[0]
        if len(waiting) == 1:
            name = first.team.name if first.team else "All groups"
            title = f"{verb} the report card of {name}, {first.period.label}"
            tasks.append(Task(title, text, "Open the card", "reports:card", first.pk))
        else:
            title = f"{verb} {len(waiting)} {what}"
            tasks.append(Task(title, text, "Open the report cards", "reports:cards"))
    return tasks


def key_figures(results: Sequence[SetResult], most: int = 3) -> tuple[KeyFigure, ...]:
    """The gaps that would take the most patients to close; then overall rates, in page order.

    Chosen within one team and by people, not by points: a wide gap of few people does not push a
    narrow gap of many off the page.
    """
    care = care_results(results)
    behind = [
        (figure, result)
        for result in care
        for figure in result.compared
        if figure.patients_to_parity
        and read_figure(figure, higher_is_better=result.higher_is_better) == Reading.BEHIND
    ]
    # A stable sort: ties keep the order of the page.
    behind.sort(key=lambda pair: -(pair[0].patients_to_parity or 0))
    chosen = []
    for figure, result in behind[:most]:
        digits = gap_decimals(figure, result.reference_figure)
        more = "more" if result.higher_is_better else "fewer"
        chosen.append(
            KeyFigure(
                label=f"{result.definition.short_name}: {people_of(figure.stratum)}",
                value=gap_text(figure, digits),
                unit=f"points to {people_of(result.reference)}" if result.reference else "points",
                context=(
                    f"{rate_text(figure)}. {format_count(figure.patients_to_parity or 0)} {more} "
                    "in the numerator would close it."
                ),
                counted=counted_text(figure, result.definition.counting_unit),
                interval=f"{gap_interval_text(figure, digits)} points",
                basis=capitalised(basis_text(figure, result.audience)),
                definition=result.definition.numerator_meaning,
                measure_code=result.definition.measure.code,
            )
        )
    for result in care:
        if len(chosen) >= most:
            break
        total = result.total
        if total is None or not total.numbers_shown:
            continue
        chosen.append(
            KeyFigure(
                label=f"{result.definition.short_name}: everybody",
                value=rate_text(total),
                unit="",
                context="No gap can be shown with these numbers."
                if any(f.gap_shown for f in result.compared)
                else "",
                counted=counted_text(total, result.definition.counting_unit),
                interval="",
                basis="",
                definition=result.definition.numerator_meaning,
                measure_code=result.definition.measure.code,
            )
        )
    return tuple(chosen)


def team_rows(
    teams: Sequence[Team],
    *,
    changes: Mapping[int, DataChange],
    gap_counts: Mapping[int, GapCount],
    completeness: Sequence[CompletenessRow],
    cards: Mapping[int, Any],
) -> tuple[TeamRow, ...]:
    """Teams in the order given, which is by name; never by any of their numbers."""
    known = {row.team.pk: row.answered_share for row in completeness if row.field == RealField.RACE}
    rows = []
    for team in teams:
        count = gap_counts.get(team.pk)
        share = known.get(team.pk)
        change = changes.get(team.pk)
        rows.append(
            TeamRow(
                team=team,
                last_data_at=change.published_at if change else None,
                gaps=f"{count.behind} of {count.compared} measures" if count else "",
                completeness="" if share is None else format_percent(share, 0),
                card=cards.get(team.pk),
            )
        )
    return tuple(rows)
