"""Report cards of two teams for the walk over every address. `tests.measures.other_team` made their results."""

from __future__ import annotations

from measures.models import Source
from reports.models import ReportCard
from teams.enums import Role
from tests.addresses import World
from tests.factories import results

_SEE_CARDS = {Role.PROGRAMME_DIRECTOR, Role.PAYER_ANALYST}


def build(world: World) -> None:
    source, period = Source.objects.get(code="payer"), results.make_period()
    cards = {
        team.pk: ReportCard.objects.create(
            team=team,
            source=source,
            period=period,
            commentary=f"Commentary for {team.name}",
            created_by=world.users[Role.PAYER_ANALYST],
        ).pk
        for team in (world.mine, world.other)
    }
    own, strange = cards[world.mine.pk], cards[world.other.pk]
    world.provide("card_id", mine=own, other=strange, seen_by=_SEE_CARDS)
    # A group's card is never the public one, whoever asks.
    for name in ("reports:public_card", "reports:public_download"):
        world.provide(f"{name}.card_id", mine=own, other=strange, seen_by=())
    world.share("file_format", "csv")
    world.share("chart", "strip")
    world.share("form", "svg")
