"""Money and outcome of awards together, as each reader may see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from grants.facts import AimedGap, TeamSpan, WorkSummary, aimed_gaps, work_summaries
from grants.models import Award
from grants.outcomes import (
    COST_BASIS,
    Arm,
    Cost,
    Moved,
    cost_per_patient,
    cost_words,
    movement,
    movement_words,
)
from grants.queries.spending import spent_beside, spent_by_award
from measures import queries as measures
from measures.queries import SetResult
from teams.formats import format_money
from teams.permissions import Permission
from teams.scoping import Scope

_SET = "combined"


@dataclass(frozen=True)
class GapOutcome:
    """One gap that the award's group aims at. why_not: why nothing can be said, else empty."""

    measure_name: str
    stratum: str
    reference: str
    moved: Moved | None
    cost: Cost | None
    why_not: str
    source: str = ""
    data_basis: str = ""
    computed_on: date | None = None

    @property
    def arms(self) -> tuple[Arm, ...]:
        return (self.moved.before, self.moved.after) if self.moved else ()

    @property
    def movement_text(self) -> str:
        return movement_words(self.moved) if self.moved else self.why_not


@dataclass(frozen=True)
class AwardOutcome:
    """work: tests in the award's time; spent: as reported, dollars; group_spent: by all awards of the group
    since this one began, which the cost divides; hidden_why: why there are no gaps; is_hidden: because the
    reader sees no results of the group."""

    award: Award
    spent: Decimal
    group_spent: Decimal
    work: WorkSummary | None
    gaps: list[GapOutcome]
    hidden_why: str
    is_hidden: bool = False

    def cost_text(self, gap: GapOutcome) -> str:
        if gap.moved is None:
            return ""
        said = cost_words(self.group_spent, gap.moved, gap.cost)
        if gap.cost is None:
            return said
        return (
            f"{said} {COST_BASIS} That is {format_money(self.group_spent)} since"
            f" {self.award.starts_on:%-d %b %Y}."
        )

    @property
    def first(self) -> GapOutcome | None:
        """What stands in a table of many awards."""
        return self.gaps[0] if self.gaps else None


def list_outcomes(scope: Scope, awards: Iterable[Award], *, on: date) -> dict[int, AwardOutcome]:
    """Outcome by award. The caller found the awards through the scope; results come with the reader's eyes:
    where the reader sees no results of a group there are none here either."""
    awards = list(awards)
    teams = {a.team_id for a in awards}
    sees = scope.may(Permission.VIEW_TEAM_RESULTS)
    aims = aimed_gaps(teams & set(scope.team_ids)) if sees else {}
    results = _results(scope, aims)
    spent = spent_by_award([a.pk for a in awards])
    beside = spent_beside(awards)
    spans = {
        a.pk: TeamSpan(a.team_id, a.starts_on, min(on, a.ends_on))
        for a in awards
        if a.starts_on <= min(on, a.ends_on)
    }
    work = dict(zip(spans, work_summaries(list(spans.values())), strict=True))
    found = {}
    for award in awards:
        money = beside[award.pk]
        hidden = ""
        if not sees or award.team_id not in scope.team_ids:
            hidden = "Results of a group are not shown to you. Its people, its coach and the payer's analysts see them."
        elif not aims.get(award.team_id):
            hidden = "No aim of the group names a measure and the patients it is for yet."
        found[award.pk] = AwardOutcome(
            award=award,
            spent=spent.get(award.pk, Decimal("0.00")),
            group_spent=money,
            work=work.get(award.pk),
            gaps=[
                _outcome(award, aim, results.get((award.team_id, aim.measure_id), []), money)
                for aim in aims.get(award.team_id, [])
            ]
            if not hidden
            else [],
            hidden_why=hidden,
            is_hidden=not sees or award.team_id not in scope.team_ids,
        )
    return found


def _results(
    scope: Scope, aims: dict[int, list[AimedGap]]
) -> dict[tuple[int, int], list[SetResult]]:
    """Results by team and measure, oldest period first."""
    source = measures.get_default_source(scope)
    chosen = measures.list_stratum_sets(source).filter(code=_SET).first() if source else None
    if source is None or chosen is None or not aims:
        return {}
    found: dict[tuple[int, int], list[SetResult]] = {}
    for result in measures.list_gaps_of_teams(
        scope,
        source=source,
        periods=list(measures.list_periods(source)),
        stratum_set=chosen,
        gaps={
            (team_id, aim.measure_id, aim.stratum_id)
            for team_id, of_team in aims.items()
            for aim in of_team
        },
    ):
        if result.unit.team is not None:
            key = (result.unit.team.pk, result.definition.measure_id)
            found.setdefault(key, []).append(result)
    for of_team in found.values():
        of_team.sort(key=lambda r: r.period.ends_on)
    return found


def _outcome(award: Award, aim: AimedGap, results: list[SetResult], spent: Decimal) -> GapOutcome:
    def nothing(why: str, like: SetResult | None = None) -> GapOutcome:
        figure = _focus(like, aim) if like else None
        return GapOutcome(
            like.definition.name if like else "The measure of the aim",
            figure.stratum.short_label if figure else "",
            like.reference.short_label if like and like.reference else "",
            None, None, why,
        )  # fmt: skip

    before = [r for r in results if r.period.ends_on < award.starts_on]
    after = [r for r in results if r.period.starts_on >= award.starts_on] or [
        # Years that the award began in the midst of say something of its time too; earlier ones do not.
        r
        for r in results
        if r.period.starts_on < award.starts_on < r.period.ends_on
    ]
    if not results:
        return nothing("There are no results of this measure for the group.")
    if not before:
        return nothing("There are no results from before the award began.", results[-1])
    if not after:
        return nothing(
            f"The latest results are of {results[-1].period.label}, before the award began.",
            results[-1],
        )
    earlier, later = before[-1], after[-1]
    first, second = _arm(earlier, aim), _arm(later, aim)
    if earlier.reference != later.reference:
        return nothing("The reference changed in between, so the periods are not compared.", later)
    if not _same_meaning(earlier, later):
        return nothing(
            "The measure is not defined as it was, so the periods are not compared.", later
        )
    if first is None or second is None:
        return nothing(
            f"The gap of {earlier.period.label if first is None else later.period.label} rests on too few people,"
            " or may not be shown to you.",
            later,
        )
    focus = _focus(later, aim)
    assert focus is not None
    moved = movement(first, second, higher_is_better=later.higher_is_better)
    return GapOutcome(
        measure_name=later.definition.name,
        stratum=focus.stratum.short_label,
        reference=later.reference.short_label if later.reference else "",
        moved=moved,
        cost=cost_per_patient(spent, moved),
        why_not="",
        source=later.source.name,
        data_basis=f"{100 * (focus.self_reported_share or 0):.0f}% self-reported race",
        computed_on=later.computed_at.date(),
    )


def _same_meaning(earlier: SetResult, later: SetResult) -> bool:
    return all(
        getattr(earlier.definition, name) == getattr(later.definition, name)
        for name in ("denominator_meaning", "numerator_meaning", "direction")
    )


def _focus(result: SetResult, aim: AimedGap) -> measures.Figure | None:
    return next((f for f in result.figures if f.stratum.id == aim.stratum_id), None)


def _arm(result: SetResult, aim: AimedGap) -> Arm | None:
    """The gap in one period; None where the reader may not see it or fewer than 30 are counted."""
    focus, reference = _focus(result, aim), result.reference_figure
    if focus is None or reference is None or not focus.gap_shown or not focus.numbers_shown:
        return None
    if focus.caution or reference.caution or reference.rate is None or focus.rate is None:
        return None
    assert focus.gap_points is not None and focus.denominator is not None
    assert focus.gap_points_lower is not None and focus.gap_points_upper is not None
    return Arm(
        period=result.period.label,
        gap_points=focus.gap_points,
        gap_lower=focus.gap_points_lower,
        gap_upper=focus.gap_points_upper,
        rate=focus.rate,
        reference_rate=reference.rate,
        people=focus.denominator,
    )
