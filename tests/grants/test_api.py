"""The API about grants: within the reader's scope, exact amounts, and the grid of a report."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from grants.actions.reports import start_report, submit_report
from grants.models import ActualLine
from teams.enums import Role
from tests.factories.grants import (
    NOW,
    Grants,
    approve_all,
    draft,
    make_award,
    make_terms,
    pay,
    tranche_of,
)
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db
BASE = "/api/v1/grants"


def rows(client: Any, path: str) -> list[dict[str, Any]]:
    answer = client.get(f"{BASE}/{path}")
    assert answer.status_code == 200, answer.content
    said = answer.json()
    return said["results"] if isinstance(said, dict) else said


def test_group_reads_its_awards_payments_and_movements_only(world: Grants) -> None:
    award = make_award(world)
    pay(world, approve_all(world, tranche_of(award)), reference="OWN-REF")
    other = make_team()
    strange = make_award(world, make_terms(title="Strange award"), team=other)
    draft(world)  # not decided yet: the group does not see it
    client = signed_in(world.lead)
    [said] = rows(client, "awards/")
    assert (said["number"], said["paid"], said["amount"]) == (
        award.number,
        "40000.00",
        "100000.00",
    )
    one = client.get(f"{BASE}/awards/{award.pk}/").json()
    assert [p["state"] for p in one["payments"]] == ["paid", "conditions_open"]
    assert one["payments"][1]["conditions"] == [one["conditions"][0]["id"]]
    assert client.get(f"{BASE}/awards/{strange.pk}/").status_code == 404
    assert [m["reference"] for m in rows(client, "movements/")] == ["OWN-REF"]
    assert {r["award"] for r in rows(client, "reports/")} == {award.number}
    assert client.get(f"{BASE}/funds/").status_code == 403
    stranger = signed_in(make_user(Role.GROUP_LEAD, team=other))
    text = stranger.get(f"{BASE}/movements/").content + stranger.get(f"{BASE}/awards/").content
    assert b"OWN-REF" not in text and award.number.encode() not in text and b"Strange award" in text


def test_director_reads_funds_and_the_payers_transfers(world: Grants) -> None:
    make_award(world)
    client = signed_in(world.director)
    [fund] = rows(client, "funds/")
    assert (fund["committed"], fund["not_committed"]) == ("100000.00", "900000.00")
    assert [m["kind"] for m in rows(client, "movements/")] == ["receipt"]
    assert rows(client, "awards/?state=closed") == []
    assert client.get(f"{BASE}/awards/?state=nothing").status_code == 400


def test_grid_of_a_report_is_filled_in_and_not_handed_in(world: Grants) -> None:
    report = make_award(world).reports.filter(kind="financial").order_by("due_on")[0]
    path = f"{BASE}/reports/{report.pk}/lines/"
    client = signed_in(world.lead)
    body: dict[str, Any] = {"lines": [{"line": "01", "spent": "14500.50", "note": "As planned"}]}

    def put(who: Any, data: Any) -> Any:
        return who.put(path, data, content_type="application/json")

    assert put(client, body).status_code == 409  # nobody has started it
    start_report(report=report, by=world.lead, as_of=NOW)
    assert put(client, body).status_code == 200
    assert ActualLine.objects.get(line_code="01").actual == Decimal("14500.50")
    assert put(client, {"lines": [{"line": "77", "spent": "1"}]}).status_code == 409
    twice = put(client, {"lines": body["lines"] * 2})
    assert twice.status_code == 400 and "twice" in twice.content.decode()
    stranger = signed_in(make_user(Role.GROUP_LEAD, team=make_team()))
    assert put(stranger, body).status_code == 404
    assert put(signed_in(world.coach), body).status_code == 403
    submit = {"lines": [{"line": "01", "spent": "15000"}, {"line": "02", "spent": "10000"}]}
    assert put(client, submit).status_code == 200
    submit_report(report=report, by=world.lead, as_of=NOW)
    assert put(client, body).status_code == 409
