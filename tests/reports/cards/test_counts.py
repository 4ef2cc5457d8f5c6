"""A card of numbers that were sent as counts says so, and takes completeness from members only."""

from __future__ import annotations

import pytest
from django.urls import reverse

from measures.models import Period
from measures.queries import list_completeness
from reports.actions.report_cards import draft_report_cards
from reports.queries.cards import get_content
from teams.enums import Role
from teams.models import Team
from teams.scoping import scope_of
from tests.factories.people import make_user, signed_in
from tests.factories.submissions import TODAY, csv_bytes, make_groups, make_source, row, send

pytestmark = pytest.mark.django_db

COUNTS = b"""group_id,measure_id,period,stratum_set,stratum,denominator,numerator
G01,CBP,2024,all,,400,240
G01,CBP,2024,race,white,300,190
G01,CBP,2024,race,black,100,50
"""


def test_card_says_what_was_sent_as_counts() -> None:
    make_groups()
    source = make_source()
    analyst = make_user(Role.PAYER_ANALYST, organisation=source.organisation)
    members = [
        row(member_id=f"m{i}", measure_id="COL-E", numerator=i % 2, race="white") for i in range(90)
    ]
    send(source, csv_bytes(members))
    send(source, COUNTS)
    period = Period.objects.get(label="2024")
    scope = scope_of(analyst, on=TODAY)
    client = signed_in(analyst)
    for team in (Team.objects.get(code="G01"), None):
        [card] = draft_report_cards(teams=[team], source=source, period=period, by=analyst)
        assert get_content(scope, card)["basis"]["counted"] == ["CBP"]
        page = client.get(reverse("reports:card", args=[card.pk])).content.decode()
        assert "CBP: the sender gave numbers of people per group" in page
    [card] = draft_report_cards(
        teams=[Team.objects.get(code="G02")], source=source, period=period, by=analyst
    )
    assert "counted" not in get_content(scope, card)["basis"]
    assert {r.eligible for r in list_completeness(scope, source=source, period=period)} == {90}
