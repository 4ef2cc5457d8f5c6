"""A closed award: nothing of it is offered, and the server refuses whatever is sent all the same."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from grants.actions import amendments, awards, milestones, payments, reports
from grants.enums import AmendmentKind, ReportKind
from grants.models import Amendment, Award, GrantReport, ReportVersion
from grants.terms import LineTerms
from teams.errors import StateRefused
from teams.models import User
from tests.factories.grants import (
    NOW,
    TODAY,
    Grants,
    approve_all,
    make_award,
    make_grants,
    pay,
    tranche_of,
)
from tests.factories.people import signed_in

pytestmark = pytest.mark.django_db


class Closed:
    """Ended early with a paid payment, an open condition, a draft report and a change that was asked for."""

    def __init__(self) -> None:
        self.world = world = make_grants()
        award = make_award(world)
        pay(world, approve_all(world, tranche_of(award)))
        self.report: GrantReport = award.reports.filter(kind="financial").order_by("due_on")[0]
        self.version: ReportVersion = reports.start_report(
            report=self.report, by=world.lead, as_of=NOW
        )
        self.amendment: Amendment = amendments.request_amendment(
            award=award, kind=AmendmentKind.SCOPE, reason="x", changes={"scope_text": "y"},
            by=world.lead, as_of=NOW,
        )  # fmt: skip
        awards.terminate_award(award=award, reason="Clinic shut", by=world.director, as_of=NOW)
        self.award: Award = awards.close_award(award=award, by=world.finance, as_of=NOW)
        self.tranche = tranche_of(award)
        self.milestone = award.milestones.get()


#: Every act on a closed award, by somebody whose part it was.
ACTS: dict[str, Any] = {
    "resume": lambda c, w: awards.resume_award(award=c.award, reason="x", by=w.director, as_of=NOW),
    "withdraw": lambda c, w: awards.withdraw_award(award=c.award, reason="x", by=w.director, as_of=NOW),
    "close again": lambda c, w: awards.close_award(award=c.award, by=w.finance, as_of=NOW),
    "fail": lambda c, w: payments.fail_payment(tranche=c.tranche, reason="x", on=TODAY, by=w.finance, as_of=NOW),
    "return": lambda c, w: payments.record_return(tranche=c.tranche, amount=Decimal(1), reason="x", reference="B", on=TODAY, by=w.finance, as_of=NOW),
    "accept": lambda c, w: milestones.accept_condition(milestone=c.milestone, note="x", by=w.director, as_of=NOW),
    "waive": lambda c, w: milestones.waive_condition(milestone=c.milestone, note="x", by=w.director, as_of=NOW),
    "evidence": lambda c, w: milestones.attach_evidence(milestone=c.milestone, file=io.BytesIO(b"x"), name="x.txt", by=w.lead, as_of=NOW),
    "write a report": lambda c, w: reports.write_financial_report(report=c.report, lines={}, comment="x", by=w.lead, as_of=NOW),
    "hand in": lambda c, w: reports.submit_report(report=c.report, by=w.lead, as_of=NOW),
    "attach": lambda c, w: reports.attach_to_report(report=c.report, file=io.BytesIO(b"x"), name="x.txt", by=w.lead, as_of=NOW),
    "one more report": lambda c, w: reports.add_report(award=c.award, kind=ReportKind.NARRATIVE, starts_on=TODAY, ends_on=TODAY + timedelta(days=9), due_on=TODAY + timedelta(days=20), by=w.director, as_of=NOW),
    "move lines": lambda c, w: amendments.reallocate_budget(award=c.award, lines=[LineTerms("01", "personnel", "x", Decimal(100000))], reason="x", by=w.lead, as_of=NOW),
    "ask for a change": lambda c, w: amendments.request_amendment(award=c.award, kind=AmendmentKind.SCOPE, reason="x", changes={"scope_text": "z"}, by=w.lead, as_of=NOW),
    "approve a change": lambda c, w: amendments.approve_amendment(amendment=c.amendment, note="", by=w.director, as_of=NOW),
    "decline a change": lambda c, w: amendments.decline_amendment(amendment=c.amendment, note="x", by=w.director, as_of=NOW),
    "take back a change": lambda c, w: amendments.withdraw_amendment(amendment=c.amendment, by=w.lead, as_of=NOW),
}  # fmt: skip


@pytest.fixture
def closed(db: None) -> Closed:
    return Closed()


def test_no_act_changes_a_closed_award(closed: Closed) -> None:
    links = closed.award.events.count()
    for name, act in ACTS.items():
        with pytest.raises(StateRefused) as refusal:
            act(closed, closed.world)
        assert str(refusal.value) == f"Award {closed.award.number} is closed and read-only.", name
    assert closed.award.events.count() == links


def _people(world: Grants) -> list[User]:
    return [world.lead, world.coach, world.director, world.finance]


def _buttons(client: Client, address: str) -> list[str]:
    """Addresses of acts that the page leads or sends to."""
    page = client.get(address)
    assert page.status_code == 200, address
    main = page.content.decode().split("<main", 1)[1].split("</main>")[0]
    words = (
        "/do/",
        "/amend/",
        "/schedule/",
        "/budget/",
        "/reports/add/",
        "/change/",
        "/start/",
    )
    links = [part.split('"')[0] for part in main.replace("action=", "href=").split('href="')[1:]]
    sent = ["post"] if 'method="post"' in main else []
    return [link for link in links if any(word in link for word in words)] + sent


def test_pages_of_a_closed_award_offer_nothing(closed: Closed) -> None:
    pages = [
        reverse("grants:award", args=[closed.award.pk]),
        reverse("grants:tranche", args=[closed.tranche.pk]),
        reverse("grants:milestone", args=[closed.milestone.pk]),
        reverse("grants:report", args=[closed.report.pk]),
        reverse("grants:amendment", args=[closed.amendment.pk]),
    ]
    for reader in _people(closed.world):
        client = signed_in(reader)
        for page in pages:
            assert _buttons(client, page) == [], (reader, page)


def test_the_same_pages_offer_acts_while_the_award_runs(world: Grants, award: Award) -> None:
    report = award.reports.filter(kind="financial").order_by("due_on")[0]
    asked = amendments.request_amendment(
        award=award, kind=AmendmentKind.SCOPE, reason="x", changes={"scope_text": "y"}, by=world.lead, as_of=NOW
    )  # fmt: skip
    for reader, name, pk in (
        (world.lead, "award", award.pk),
        (world.director, "award", award.pk),
        (world.coach, "tranche", tranche_of(award).pk),
        (world.director, "milestone", award.milestones.get().pk),
        (world.lead, "report", report.pk),
        (world.director, "amendment", asked.pk),
        (world.lead, "amendment", asked.pk),
    ):
        assert _buttons(signed_in(reader), reverse(f"grants:{name}", args=[pk])), (reader, name)


def test_addresses_of_a_closed_award_refuse_with_the_reason(closed: Closed) -> None:
    world = closed.world
    lead, director, finance = (signed_in(p) for p in (world.lead, world.director, world.finance))
    award, report = closed.award.pk, closed.report.pk
    for client, name, args in (
        (lead, "amend", [award]),
        (lead, "schedule", [award]),
        (lead, "budget", [award]),
        (director, "amend", [award]),
        (director, "add_report", [award]),
        (director, "award_act", [award, "resume"]),
        (finance, "tranche_act", [closed.tranche.pk, "return"]),
        (director, "milestone_act", [closed.milestone.pk, "accept"]),
        (director, "amendment_act", [closed.amendment.pk, "decline"]),
        (lead, "report_act", [report, "submit"]),
    ):
        address = reverse(f"grants:{name}", args=args)
        for answer in (client.get(address), client.post(address, {"note": "x", "reason": "x"})):
            assert answer.status_code == 409, (name, answer.status_code)
            assert "closed" in answer.content.decode(), name
    for address in (
        reverse("grants:report", args=[report]),
        reverse("grants:milestone", args=[closed.milestone.pk]),
    ):
        answer = lead.post(address, {"comment": "late"})
        assert answer.status_code == 409 and "closed and read-only" in answer.content.decode()


def test_words_of_a_draft_do_not_save_themselves_after_the_end(closed: Closed) -> None:
    client = signed_in(closed.world.lead)
    line = closed.version.lines.order_by("line_code")[0]
    for address, field in (
        (reverse("grants:save_version", args=[closed.version.pk]), "comment"),
        (reverse("grants:save_line", args=[line.pk]), f"note-{line.line_code}"),
    ):
        late = client.post(address, {"field": field, "text": "Written too late", "base": 0})
        assert late.status_code == 422 and "closed and read-only" in late.content.decode()
    closed.version.refresh_from_db()
    line.refresh_from_db()
    assert closed.version.comment == "" and line.variance_note == ""


def test_change_of_an_ended_award_can_only_be_declined_or_taken_back() -> None:
    world = make_grants()
    award = make_award(world)
    asked = amendments.request_amendment(
        award=award, kind=AmendmentKind.SCOPE, reason="x", changes={"scope_text": "y"}, by=world.lead, as_of=NOW
    )  # fmt: skip
    awards.terminate_award(award=award, reason="Over", by=world.director, as_of=NOW)
    address = reverse("grants:amendment", args=[asked.pk])
    approve = reverse("grants:amendment_act", args=[asked.pk, "approve"])
    decline = reverse("grants:amendment_act", args=[asked.pk, "decline"])
    page = signed_in(world.director).get(address).content.decode()
    assert decline in page and approve not in page
    sent = signed_in(world.director).post(approve, {"note": ""})
    assert sent.status_code == 422
    assert "only one that was approved and has not ended" in sent.content.decode()
    amendments.decline_amendment(amendment=asked, note="It ended", by=world.director, as_of=NOW)
