"""Money and outcome of one award as a document and as rows."""

from __future__ import annotations

from datetime import datetime

from grants.evidence.document import Block, Document, document_pdf
from grants.outcomes import NO_CAUSE
from grants.queries.outcomes import AwardOutcome, GapOutcome
from teams.formats import NO_NUMBER, format_count, format_money, format_points

OUTCOME_COLUMNS = (
    "group", "award_number", "award", "spent", "spent_by_all_awards_since_start", "tests_started", "tests_finished", "patients_reached", "measure",
    "patients_group", "reference", "period_before", "gap_before", "period_after", "gap_after", "points_closer",
    "points_closer_lower", "points_closer_upper", "patients_gained", "patients_gained_lower",
    "patients_gained_upper", "cost_per_patient", "cost_per_patient_low", "cost_per_patient_high", "note",
)  # fmt: skip


def outcome_rows(outcome: AwardOutcome) -> list[tuple[object, ...]]:
    """One row a gap; one that says why there is none."""
    award, work = outcome.award, outcome.work
    head = (
        award.team.name, award.number, award.title, outcome.spent, outcome.group_spent,
        work.tests_started if work else "", work.tests_closed if work else "",
        work.patients_reached if work and work.patients_reached is not None else "",
    )  # fmt: skip
    rows: list[tuple[object, ...]] = [(*head, *_gap_cells(outcome, gap)) for gap in outcome.gaps]
    empty = len(OUTCOME_COLUMNS) - len(head) - 1
    return rows or [(*head, *[""] * empty, outcome.hidden_why)]


def _gap_cells(outcome: AwardOutcome, gap: GapOutcome) -> tuple[object, ...]:
    moved, cost = gap.moved, gap.cost
    names = (gap.measure_name, gap.stratum, gap.reference)
    if moved is None:
        return (*names, *[""] * 13, gap.why_not)
    return (
        *names,
        moved.before.period, round(moved.before.gap_points, 1),
        moved.after.period, round(moved.after.gap_points, 1),
        round(moved.closed_points, 1), round(moved.closed_lower, 1), round(moved.closed_upper, 1),
        round(moved.patients), round(moved.patients_lower), round(moved.patients_upper),
        cost.middle if cost else "", cost.low if cost else "", cost.high if cost else "",
        f"{outcome.cost_text(gap)} {NO_CAUSE}",
    )  # fmt: skip


def outcome_pdf(outcome: AwardOutcome, *, as_of: datetime) -> bytes:
    award, work = outcome.award, outcome.work
    facts = [
        ["Award", f"{award.number}, {format_money(award.amount)}"],
        ["Time", f"{award.starts_on:%-d %b %Y} to {award.ends_on:%-d %b %Y}"],
        ["Spent, as reported", format_money(outcome.spent)],
        ["Spent by all awards of the group since it began", format_money(outcome.group_spent)],
        ["Tests of change in that time", f"{work.tests_started} started, {work.tests_closed} finished" if work else NO_NUMBER],
        ["Patients reached by tests", format_count(work.patients_reached) if work and work.patients_reached is not None else "not recorded"],
    ]  # fmt: skip
    blocks = [Block(header=("", ""), rows=facts, widths=(1, 3))]
    for gap in outcome.gaps:
        sentences = [gap.movement_text]
        if gap.moved:
            sentences += [outcome.cost_text(gap), f"{gap.source}; {gap.data_basis}."]
        title = f"{gap.measure_name}: {gap.stratum} and {gap.reference}"
        rows = []
        if gap.moved:
            rows = [
                [arm.period, f"{100 * arm.rate:.1f}%", f"{100 * arm.reference_rate:.1f}%",
                 f"{format_points(arm.gap_points)} ({format_points(arm.gap_lower)} to {format_points(arm.gap_upper)})",
                 format_count(arm.people)]
                for arm in (gap.moved.before, gap.moved.after)
            ]  # fmt: skip
        blocks.append(
            Block(
                title, sentences,
                ("Period", gap.stratum, gap.reference, "Gap in points (95% interval)", "People counted"),
                rows, (2, 2, 2, 4, 2), (1, 2, 3, 4),
            )
        )  # fmt: skip
    if outcome.hidden_why:
        blocks.append(Block("The gap", [outcome.hidden_why]))
    blocks.append(Block("What this does not say", [NO_CAUSE]))
    return document_pdf(
        Document(
            title="Money and outcome",
            eyebrow=f"{award.team.name} · {award.get_kind_display()}",
            lead=award.title,
            blocks=blocks,
        ),
        as_of=as_of,
    )
