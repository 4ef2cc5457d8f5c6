"""What the system does by itself: conditions seen, reports asked for, money counted again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from grants.actions.milestones import accept_condition
from grants.actions.nightly import ask_for_reports, look_at_conditions, reconcile_grants
from grants.models import AwardEvent
from grants.tasks import watch_over_grants
from grants.terms import MilestoneTerms, TrancheTerms
from teams.models import AuditEvent, Notification
from tests.factories.grants import NOW, make_award, make_grants, make_terms, tranche_of

pytestmark = pytest.mark.django_db


def test_condition_seen_as_met_is_told_once_and_decided_by_a_person() -> None:
    world = make_grants()
    terms = make_terms(
        milestones=(MilestoneTerms("lead", "A lead is named", date(2026, 5, 1), "team_named"),),
        tranches=(TrancheTerms(1, make_terms().amount, date(2026, 6, 1), ("lead",)),),
    )
    award = make_award(world, terms)
    assert look_at_conditions(as_of=NOW) == 1
    assert look_at_conditions(as_of=NOW + timedelta(days=1)) == 0
    told = Notification.objects.filter(key__startswith="condition-met")
    assert set(told.values_list("user__name", flat=True)) == {"Dana Director", "Dee Director"}
    tranche = tranche_of(award)
    assert tranche.state == "conditions_open"  # seen is not decided
    event = AwardEvent.objects.get(act="see_condition")
    assert event.actor is None and event.after["seen"] == "Lead: Lee Lead."
    accept_condition(milestone=award.milestones.get(), note="", by=world.director, as_of=NOW)
    tranche.refresh_from_db()
    assert tranche.state == "ready"


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (date(2026, 4, 10), None),
        (date(2026, 4, 20), "is due on 30 April"),
        (date(2026, 4, 28), "is due on 30 April"),
        (date(2026, 4, 30), "is due today"),
        (date(2026, 5, 8), "was due on 30 April and is late"),
    ],
)
def test_reports_are_asked_for_before_on_and_after_their_day(day: date, says: str | None) -> None:
    world = make_grants()
    award = make_award(world)
    report = award.reports.order_by("due_on", "kind")[0]
    assert report.due_on == date(2026, 4, 30)
    now = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    ask_for_reports(as_of=now)
    ask_for_reports(as_of=now)
    told = [n.title for n in Notification.objects.filter(user=world.lead)]
    assert len(told) == (1 if says else 0)
    assert says is None or says in told[0]
    report.refresh_from_db()
    assert report.state == ("due" if says else "scheduled")


def test_nightly_check_tells_finance_what_does_not_tie() -> None:
    world = make_grants()
    make_award(world)
    assert reconcile_grants(as_of=NOW) == []
    assert not Notification.objects.filter(key__startswith="reconcile").exists()
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table grants_fund disable trigger user")
        cursor.execute("update grants_fund set amount = 5")
        cursor.execute("alter table grants_fund enable trigger user")
    watch_over_grants()
    told = Notification.objects.filter(key__startswith="reconcile")
    assert set(told.values_list("user__name", flat=True)) == {"Fran Finance", "Finn Finance"}
    assert "committed, the fund is 5.00" in told[0].title
    assert AuditEvent.objects.filter(act="reconcile_grants").latest("at").details["problems"]
