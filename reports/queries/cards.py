"""Reads of report cards: which exist for a reader, what is on them, whether their data have changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from measures import queries as measures
from measures.enums import SourceKind
from measures.queries.imputation import list_programme_imputed
from reports.cards.content import APPENDIX_SETS, HEADLINE_SETS, CardInputs, build_content
from reports.enums import CardState
from reports.models import ReportCard
from teams.enums import Audience
from teams.permissions import Permission
from teams.queries import get_programme, list_teams
from teams.scoping import Scope

#: Earlier periods in the small trend of each measure.
TREND_PERIODS = 3


@dataclass(frozen=True)
class CardSlot:
    """One line of the list: a group (or all groups), with its published card and its card in the making.

    restated: the data behind the published card have changed since it was published.
    """

    team: Any | None
    published: ReportCard | None
    working: ReportCard | None
    restated: measures.DataChange | None

    @property
    def name(self) -> str:
        return self.team.name if self.team else "All groups"


def list_cards(scope: Scope) -> QuerySet[ReportCard]:
    """Cards that exist for the reader: drafts only for those who prepare cards; for all others the
    published ones of their teams and of the programme. What a card says is read when it is asked for:
    lists name many cards and show the content of none."""
    if not scope.may(Permission.VIEW_REPORT_CARDS):
        return ReportCard.objects.none()
    cards = ReportCard.objects.filter(Q(team__isnull=True) | Q(team_id__in=scope.team_ids))
    if not scope.may(Permission.PREPARE_REPORT_CARDS):
        cards = cards.filter(state__in=[CardState.PUBLISHED, CardState.SUPERSEDED])
    return cards.defer("content").select_related(
        "team", "source", "period", "created_by", "reviewed_by", "published_by"
    )


def get_card(scope: Scope, card_id: int) -> ReportCard:
    """Raises ReportCard.DoesNotExist also for a card that does not exist for this reader."""
    return list_cards(scope).defer(None).get(pk=card_id)


def list_public_cards() -> QuerySet[ReportCard]:
    """Published cards over all groups, latest period first: readable without sign-in."""
    return (
        ReportCard.objects.filter(team__isnull=True, state=CardState.PUBLISHED)
        .defer("content")
        .select_related("source", "period")
        .order_by("-period__ends_on", "source__name")
    )


def list_card_sources(scope: Scope) -> list[Any]:
    """Sources that cards are made of: the payer's, which all groups have in common."""
    return list(measures.list_sources(scope).filter(kind=SourceKind.PAYER))


def list_slots(scope: Scope, *, source: Any, period: Any) -> list[CardSlot]:
    """All groups in scope by name, the programme first, each with its cards: three queries."""
    cards = list_cards(scope).filter(source=source, period=period)
    published: dict[int | None, ReportCard] = {}
    working: dict[int | None, ReportCard] = {}
    for card in cards:
        if card.state == CardState.PUBLISHED:
            published[card.team_id] = card
        elif card.state in (CardState.DRAFT, CardState.REVIEWED):
            working[card.team_id] = card
    changes = measures.list_latest_changes(source_ids=[source.pk], period_ids=[period.pk])
    return [
        CardSlot(
            team=team,
            published=published.get(key),
            working=working.get(key),
            restated=_change_since(published.get(key), changes),
        )
        for team, key in [(None, None), *((t, t.pk) for t in list_teams(scope).order_by("name"))]
    ]


def list_restatements(cards: Iterable[ReportCard]) -> dict[int, measures.DataChange]:
    """Card id → the change of its data since it was published, for those where there is one: one query."""
    published = [card for card in cards if card.is_published]
    if not published:
        return {}
    changes = measures.list_latest_changes(
        source_ids=[c.source_id for c in published], period_ids=[c.period_id for c in published]
    )
    found = ((card.pk, _change_since(card, changes)) for card in published)
    return {pk: change for pk, change in found if change is not None}


def _change_since(card: ReportCard | None, changes: dict[Any, Any]) -> measures.DataChange | None:
    if card is None or card.data_version is None:
        return None
    change = changes.get((card.source_id, card.period_id, card.team_id))
    return change if change is not None and change.data_version > card.data_version else None


def get_content(scope: Scope, card: ReportCard) -> dict[str, Any]:
    """What the card says: as it was frozen, or worked out now for a card that is not published."""
    if card.content is not None:
        return card.content
    return build_content(read_inputs(scope, card))


def read_inputs(scope: Scope, card: ReportCard) -> CardInputs:
    """Everything the card is made of, read with the eyes of somebody outside the group."""
    outside = scope.as_outsider()
    source, period, team = card.source, card.period, card.team
    # First, so that data published in between show as a change and are not missed.
    data_version = measures.get_data_version(source)
    audience = Audience.OTHERS if team else None
    sets = {s.code: s for s in measures.list_stratum_sets(source, audience=audience)}
    headline_code = next((code for code in HEADLINE_SETS if code in sets), None)
    earlier = list_trend_periods(source, period)

    def results(code: str, periods: Sequence[Any]) -> list[measures.SetResult]:
        if team is None:
            return measures.list_programme_results(
                source=source, periods=periods, stratum_set=sets[code]
            )
        return measures.list_team_results(
            outside, team=team, source=source, periods=periods, stratum_set=sets[code]
        )

    both = results(headline_code, [*earlier, period]) if headline_code else []
    appendix = {
        code: found
        for code in APPENDIX_SETS
        if code in sets and code != headline_code and (found := results(code, [period]))
    }
    programme = get_programme()
    return CardInputs(
        programme_name=programme.name,
        payer_name=programme.payer_name,
        team_code=team.code if team else None,
        team_name=team.name if team else None,
        source_code=source.code,
        source_name=source.name,
        period_label=period.label,
        period_starts_on=period.starts_on.isoformat(),
        period_ends_on=period.ends_on.isoformat(),
        data_version=data_version,
        headline=[r for r in both if r.period.pk == period.pk],
        appendix=appendix,
        trend=[r for r in both if r.period.pk != period.pk],
        peers={}
        if team is None or headline_code is None
        else measures.list_peer_bands(
            outside, team=team, source=source, period=period, stratum_set=sets[headline_code]
        ),
        completeness=measures.list_completeness(
            outside, source=source, period=period, teams=None if team is None else [team]
        ),
        commentary=card.commentary,
        counted=measures.list_counted_measures(source=source, period=period, team=team),
        imputed=list_programme_imputed(source=source, period=period)
        if team is None
        else measures.list_imputed(outside, team=team, source=source, period=period),
    )


def list_trend_periods(source: Any, period: Any) -> list[Any]:
    """Periods of the same length of label before this one, oldest first."""
    earlier = [
        p
        for p in measures.list_periods(source)
        if p.ends_on < period.ends_on and len(p.label) == len(period.label)
    ]
    return sorted(earlier, key=lambda p: p.ends_on)[-TREND_PERIODS:]


def list_hidden_on_cards(source: Any, period: Any) -> Iterator[measures.ReleasedCell]:
    """Strata that published cards hid in a period: in the period's own cards and in the trend of later ones."""
    cards = ReportCard.objects.filter(
        source=source, state__in=[CardState.PUBLISHED, CardState.SUPERSEDED]
    ).filter(period__ends_on__gte=period.ends_on)
    published: Any = cards.values_list("team_id", "period_id", "content")
    for team_id, period_id, content in published:
        sets = [(content["stratum_set"], content["measures"])]
        sets += [(part["stratum_set"], part["measures"]) for part in content["appendix"]]
        for stratum_set, of_set in sets:
            for measure in of_set:
                figures = [(stratum_set["code"], f) for f in measure["figures"]]
                if measure.get("total"):
                    figures.append(("all", measure["total"]))
                if period_id != period.pk:
                    figures = [
                        (stratum_set["code"], f)
                        for earlier in measure.get("trend", ())
                        if earlier["period"] == period.label
                        for f in earlier["figures"]
                    ]
                for set_code, figure in figures:
                    if figure["state"] == "protected":
                        yield measures.ReleasedCell(
                            measure["code"], team_id, set_code, figure["stratum"]
                        )
