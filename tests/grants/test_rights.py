"""Who writes for a group: its own staff, not its coach or sponsor, whatever else they are elsewhere."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from grants.actions import amendments, awards, calls, milestones, payments, plans, reports
from grants.actions.drafts import change_award
from grants.enums import AmendmentKind, AwardKind
from grants.evidence.packet import packet_content
from grants.models import Amendment, Application, Award, Call, ReportVersion, SustainabilityPlan
from grants.queries.awards import get_own_actual_line, get_own_report_version
from grants.queries.calls import list_applications
from grants.queries.checks import list_chain_problems
from grants.queries.work import list_report_tasks, list_waiting
from grants.terms import LineTerms
from teams.attachments import list_attachments
from teams.enums import Role
from teams.errors import NotAllowed, StateRefused
from teams.models import Team, User
from teams.scoping import scope_of
from tests.factories.grants import (
    AGREEMENT,
    NOW,
    TODAY,
    Grants,
    approved,
    draft,
    make_award,
    make_grants,
    make_terms,
    tranche_of,
)
from tests.factories.people import add_role, make_team, make_user, signed_in

pytestmark = pytest.mark.django_db


def coach_and_member(world: Grants) -> User:
    """Works in another group and coaches the world's."""
    person = make_user(Role.GROUP_MEMBER, team=make_team(name="Elsewhere Health"))
    add_role(person, Role.COACH, team=world.team)
    return person


def plan_of(team: Team, by: User, plan: SustainabilityPlan | None = None) -> SustainabilityPlan:
    return plans.save_plan(
        team=team,
        plan=plan,
        content={
            "name": "Low",
            "first_year": 2026,
            "grant_ends_in": 2,
            "staffing": "",
            "lines": [],
            "assumptions": [],
            "changes": [],
        },
        by=by,
        as_of=NOW,
    )


def a_report(award: Award) -> Any:
    return award.reports.filter(kind="financial").order_by("due_on")[0]


def written(world: Grants, award: Award) -> ReportVersion:
    report = a_report(award)
    version = reports.start_report(report=report, by=world.lead, as_of=NOW)
    reports.write_financial_report(
        report=report,
        lines={
            "01": reports.LineEntry(Decimal(15000)),
            "02": reports.LineEntry(Decimal(10000)),
        },
        comment="Nurse hired.",
        by=world.lead,
        as_of=NOW,
    )
    return version


def a_call(world: Grants) -> Call:
    return calls.open_call(
        fund=world.fund, kind=AwardKind.SUPPLEMENTAL, title="More", text="x", eligibility="x",
        largest_amount=Decimal(1000), questions=["What?"], criteria=["Need"], opens_on=TODAY,
        closes_on=TODAY + timedelta(days=9), by=world.director, as_of=NOW,
    )  # fmt: skip


def apply(world: Grants, call: Call, by: User) -> Application:
    return calls.write_application(
        call=call, team=world.team, title="Calls", amount=Decimal(900), answers=["Ours"], by=by, as_of=NOW
    )  # fmt: skip


def hand_in_anothers(world: Grants, award: Award, by: User) -> None:
    reports.submit_report(report=written(world, award).report, by=by, as_of=NOW)


def attach_to_anothers(world: Grants, award: Award, by: User) -> None:
    reports.attach_to_report(
        report=written(world, award).report, file=io.BytesIO(b"receipt"), name="r.txt", by=by, as_of=NOW
    )  # fmt: skip


def lines_of_anothers(world: Grants, award: Award, by: User) -> None:
    amendments.reallocate_budget(
        award=award, reason="x", by=by, as_of=NOW,
        lines=[
            LineTerms("01", "personnel", "x", Decimal(59999)),
            LineTerms("02", "patient_support", "x", Decimal(40001)),
        ],
    )  # fmt: skip


def amend_anothers(world: Grants, award: Award, by: User) -> None:
    amendments.request_amendment(
        award=award, kind=AmendmentKind.SCOPE, reason="x", changes={"scope_text": "y"}, by=by, as_of=NOW
    )  # fmt: skip


def evidence_of_anothers(world: Grants, award: Award, by: User) -> None:
    milestones.attach_evidence(
        milestone=award.milestones.get(), file=io.BytesIO(b"plan"), name="p.txt", by=by, as_of=NOW
    )


def hand_in_application(world: Grants, award: Award, by: User) -> None:
    application = apply(world, a_call(world), world.lead)
    calls.submit_application(application=application, by=by, as_of=NOW)


def withdraw_application(world: Grants, award: Award, by: User) -> None:
    application = apply(world, a_call(world), world.lead)
    calls.withdraw_application(application=application, by=by, as_of=NOW)


def change_plan(world: Grants, award: Award, by: User) -> None:
    plan_of(world.team, by, plan_of(world.team, world.lead))


FOR_A_GROUP: dict[str, Callable[[Grants, Award, User], Any]] = {
    "start a report": lambda w, a, by: reports.start_report(report=a_report(a), by=by, as_of=NOW),
    "write a report": lambda w, a, by: reports.write_financial_report(
        report=written(w, a).report, lines={}, comment="x", by=by, as_of=NOW
    ),
    "hand in a report": hand_in_anothers,
    "attach to a report": attach_to_anothers,
    "move lines": lines_of_anothers,
    "ask for an amendment": amend_anothers,
    "put evidence on file": evidence_of_anothers,
    "begin an application": lambda w, a, by: apply(w, a_call(w), by),
    "hand in an application": hand_in_application,
    "withdraw an application": withdraw_application,
    "write a plan": lambda w, a, by: plan_of(w.team, by),
    "change a plan": change_plan,
}


@pytest.mark.parametrize("name", FOR_A_GROUP)
def test_coach_of_a_group_does_not_write_for_it_because_of_another_group(
    world: Grants, award: Award, name: str
) -> None:
    person = coach_and_member(world)
    act = FOR_A_GROUP[name]
    with pytest.raises(NotAllowed, match=world.team.name):
        act(world, award, person)


@pytest.mark.parametrize("name", FOR_A_GROUP)
def test_staff_of_the_group_may(world: Grants, award: Award, name: str) -> None:
    member = make_user(Role.GROUP_MEMBER, team=world.team)
    FOR_A_GROUP[name](world, award, member)


def test_sponsor_of_a_group_does_not_write_for_it_because_of_another_group(
    world: Grants, award: Award
) -> None:
    person = make_user(Role.GROUP_MEMBER)
    add_role(person, Role.SENIOR_SPONSOR, team=world.team)
    with pytest.raises(NotAllowed, match="are written by"):
        reports.start_report(report=a_report(award), by=person, as_of=NOW)


def test_who_coaches_recommends_what_the_group_itself_handed_in(
    world: Grants, award: Award
) -> None:
    person = coach_and_member(world)
    payments.recommend_payment(tranche=tranche_of(award), note="", by=person, as_of=NOW)
    assert tranche_of(award).state == "recommended"


def test_drafts_of_a_coached_group_are_not_offered_to_write(world: Grants, award: Award) -> None:
    version = written(world, award)
    application = apply(world, a_call(world), world.lead)
    person = coach_and_member(world)
    scope = scope_of(person, on=date(2026, 3, 2))
    with pytest.raises(ReportVersion.DoesNotExist):
        get_own_report_version(scope, version.pk)
    with pytest.raises(version.lines.model.DoesNotExist):
        get_own_actual_line(scope, version.lines.all()[0].pk)
    assert list(list_applications(scope)) == []
    assert list_report_tasks(scope, team_id=None, on=TODAY) == []
    own = scope_of(world.lead, on=date(2026, 3, 2))
    assert get_own_report_version(own, version.pk) == version
    assert list(list_applications(own)) == [application]
    assert version.report in [t.report for t in list_report_tasks(own, team_id=None, on=TODAY)]
    browser = signed_in(person)
    for address, code in (
        (reverse("grants:report_lines", args=[version.report_id]), 403),
        (reverse("grants:add_plan", args=[world.team.code]), 404),
    ):
        assert browser.get(address).status_code == code
    page = browser.get(reverse("grants:report", args=[version.report_id])).content.decode()
    assert "Hand in" not in page and 'name="comment"' not in page


def sign(award: Award, by: User) -> Any:
    return awards.sign_agreement(
        award=award, file=io.BytesIO(AGREEMENT), name="a.pdf", signed_on=TODAY, signed_by="P", by=by, as_of=NOW
    )  # fmt: skip


def sent(world: Grants) -> Award:
    return awards.send_agreement(award=approved(world), by=world.director, as_of=NOW)


def inside_director(world: Grants) -> User:
    """Directs the programme and sponsors the group: inside it, and not of its staff."""
    person = make_user(Role.PROGRAMME_DIRECTOR)
    add_role(person, Role.SENIOR_SPONSOR, team=world.team)
    return person


def analyst_of_another_group(world: Grants) -> User:
    """Sees every award, and leads another group."""
    person = make_user(Role.GROUP_LEAD, team=make_team())
    add_role(person, Role.PAYER_ANALYST)
    return person


@pytest.mark.parametrize(
    "who",
    [
        lambda w: make_user(Role.GROUP_LEAD, team=make_team()),
        coach_and_member,
        inside_director,
        analyst_of_another_group,
        lambda w: w.finance,
    ],
    ids=["lead of another group", "coach", "director inside", "analyst", "finance"],
)
def test_agreement_is_signed_by_the_groups_staff_or_a_director_outside(
    who: Callable[[Grants], User],
) -> None:
    world = make_grants()
    award = sent(world)
    with pytest.raises(NotAllowed, match=f"put on file by {world.team.name}"):
        sign(award, who(world))
    award.refresh_from_db()
    assert award.agreement_signed_on is None and not list_attachments(award).exists()
    sign(award, world.lead)


def test_agreement_to_sign_waits_for_the_groups_own_staff_only() -> None:
    world = make_grants()
    sent(world)
    verbs = {
        who: [i.verb for i in list_waiting(scope_of(person, on=TODAY), as_of=NOW)]
        for who, person in (("lead", world.lead), ("coach", coach_and_member(world)))
    }
    assert "Sign the agreement" in verbs["lead"]
    assert "Sign the agreement" not in verbs["coach"]


def test_plan_is_signed_by_the_sponsor_of_that_group() -> None:
    world = make_grants()
    plan = plan_of(world.team, world.lead)
    elsewhere = make_user(Role.SENIOR_SPONSOR, team=make_team())
    add_role(elsewhere, Role.COACH, team=world.team)
    with pytest.raises(NotAllowed, match=f"senior sponsor of {world.team.name}"):
        plans.sign_plan(plan=plan, by=elsewhere, as_of=NOW)
    page = signed_in(elsewhere).get(reverse("grants:plan", args=[world.team.code]))
    assert page.status_code == 200 and "sign" not in page.context["scenarios"]
    assert page.context["can_sign"] is False
    own = make_user(Role.SENIOR_SPONSOR, team=world.team)
    assert plans.sign_plan(plan=plan, by=own, as_of=NOW).signed_by == own
    with pytest.raises(StateRefused, match="signed on"):
        plans.sign_plan(plan=plan, by=own, as_of=NOW)


# --- what is being written ---------------------------------------------------------------------------------


def test_payer_reads_what_was_handed_in_and_no_draft(world: Grants, award: Award) -> None:
    report = written(world, award).report
    reports.attach_to_report(
        report=report, file=io.BytesIO(b"early receipt"), name="early.txt", by=world.lead, as_of=NOW
    )
    address = reverse("grants:report", args=[report.pk])
    outside = [world.finance, make_user(Role.PAYER_ANALYST)]
    inside = [world.lead, world.coach, world.director]
    early = list_attachments(report).get()
    file_of = reverse("teams:attachment", args=[early.pk])
    for reader in outside:
        page = signed_in(reader).get(address).content.decode()
        assert "not handed in this report yet" in page
        assert "15,000" not in page and "Nurse hired" not in page and "early.txt" not in page
        assert signed_in(reader).get(file_of).status_code == 404
    for reader in inside:
        page = signed_in(reader).get(address).content.decode()
        assert "Nurse hired" in page and "early.txt" in page
    reports.submit_report(report=report, by=world.lead, as_of=NOW)
    reports.reopen_report(report=report, reason="A line is wrong", by=world.finance, as_of=NOW)
    later = NOW + timedelta(hours=1)
    reports.write_financial_report(
        report=report, lines={"01": reports.LineEntry(Decimal(17777))}, comment="Secret draft",
        by=world.lead, as_of=later,
    )  # fmt: skip
    reports.attach_to_report(
        report=report, file=io.BytesIO(b"late receipt"), name="late.txt", by=world.lead, as_of=later
    )
    late = list_attachments(report).get(name="late.txt")
    for reader in outside:
        browser = signed_in(reader)
        page = browser.get(address).content.decode()
        assert "15,000" in page and "Nurse hired" in page and "early.txt" in page
        assert "17,777" not in page and "Secret draft" not in page and "late.txt" not in page
        assert "being written" not in page
        assert browser.get(reverse("teams:attachment", args=[late.pk])).status_code == 404
        sent_file: Any = browser.get(file_of)
        assert b"".join(sent_file.streaming_content) == b"early receipt"
        history = browser.get(reverse("grants:history", args=[award.pk])).content.decode()
        assert "17777" not in history and "Secret draft" not in history
    page = signed_in(world.director).get(address).content.decode()
    assert "17,777" in page and "late.txt" in page


#: Where the payer reads of a group's money; {award}, {tranche}, {report}, {team}, {fund} stand for keys.
_OF_THE_PAYER = (
    "/grants/", "/grants/awards/{award}/", "/grants/awards/{award}/history/", "/grants/awards/{award}/history.csv",
    "/grants/awards/{award}/outcome/", "/grants/awards/{award}/outcome.csv", "/grants/teams/{team}/",
    "/grants/payments/{tranche}/", "/grants/reports/{report}/", "/grants/portfolio/", "/grants/portfolio.csv",
    "/grants/conditions/", "/grants/finance/", "/grants/funds/{fund}/", "/grants/funds/{fund}/reconcile.csv",
    "/api/v1/grants/awards/", "/api/v1/grants/awards/{award}/", "/api/v1/grants/reports/",
    "/api/v1/grants/movements/", "/api/v1/grants/funds/",
)  # fmt: skip


def test_draft_of_a_report_is_on_no_page_and_in_no_file_api_or_packet_of_the_payer(
    world: Grants, award: Award
) -> None:
    report = written(world, award).report
    reports.write_financial_report(
        report=report, lines={"01": reports.LineEntry(Decimal(15987), Decimal(333), "Draft note")},
        comment="Nurse hired.", by=world.lead, as_of=NOW,
    )  # fmt: skip
    narrative = award.reports.filter(kind="narrative").order_by("due_on")[0]
    reports.start_report(
        report=narrative, by=world.lead, as_of=NOW, answers={"done": "Draft words"}
    )
    reports.attach_to_report(
        report=report, file=io.BytesIO(b"early"), name="early.txt", by=world.lead, as_of=NOW
    )
    tranche = tranche_of(award)
    keys = {
        "award": award.pk, "tranche": tranche.pk, "report": report.pk, "team": world.team.code,
        "fund": world.fund.pk,
    }  # fmt: skip
    hidden = ("15987", "15,987", "16,320", "Draft note", "Nurse hired", "Draft words", "early.txt")

    def read(reader: User, places: tuple[str, ...]) -> dict[str, str]:
        browser: Any = signed_in(reader)
        said = {}
        for place in places:
            answer = browser.get(place.format(**keys))
            if answer.status_code == 403:
                continue
            assert answer.status_code == 200, place
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            said[place] = body.decode()
        return said

    places = (*_OF_THE_PAYER, f"/grants/reports/{narrative.pk}/")
    few = tuple(place for place in places if "/reports/" in place)
    for reader, seen in ((world.finance, places), (make_user(Role.PAYER_ANALYST), few)):
        said = {**read(reader, seen), "packet": str(packet_content(tranche, as_of=NOW))}
        assert len(said) == len(seen) + 1  # nothing was refused instead of read
        for place, text in said.items():
            assert [word for word in hidden if word in text] == [], (reader, place)
        assert signed_in(reader).put(
            f"/api/v1/grants/reports/{report.pk}/lines/",
            {"lines": [{"line": "01", "spent": "1"}]}, content_type="application/json",
        ).status_code == 403  # fmt: skip
    own = ("/grants/reports/{report}/", "/grants/awards/{award}/")
    assert "15987" in read(world.lead, own)[own[0]].replace(",", "")
    reports.submit_report(report=report, by=world.lead, as_of=NOW)
    shown = read(world.finance, own)
    assert "Nurse hired" in shown[own[0]] and "$25,987" in shown[own[1]]


# --- before and after --------------------------------------------------------------------------------------


def test_what_a_report_said_before_is_in_its_history(world: Grants, award: Award) -> None:
    report = written(world, award).report
    reports.write_financial_report(
        report=report, lines={"01": reports.LineEntry(Decimal(16000))}, comment="", by=world.lead, as_of=NOW
    )  # fmt: skip
    last = award.events.filter(act="write_financial_report").order_by("-number")[0]
    assert last.before["lines"]["01"]["actual"] == "15000.00"
    assert last.after["lines"]["01"]["actual"] == "16000"
    assert set(last.before["lines"]) == {"01"}
    assert last.before["comment_sha256"] != last.after["comment_sha256"]
    assert "Nurse hired" not in str(last.before)  # administrators read the audit trail


def test_what_a_narrative_said_before_is_in_its_history(world: Grants, award: Award) -> None:
    report = award.reports.filter(kind="narrative").order_by("due_on")[0]
    version = reports.start_report(report=report, by=world.lead, as_of=NOW)
    name = min(version.answers)
    for text in ("First words", "Other words"):
        reports.write_narrative_report(
            report=report, answers={name: text}, by=world.lead, as_of=NOW
        )
    first, second = award.events.filter(act="write_narrative_report").order_by("number")
    assert second.before["sections_sha256"] == first.after["sections_sha256"]
    assert first.before["sections_sha256"] != first.after["sections_sha256"]


def test_agreement_is_signed_once_unless_it_is_sent_again() -> None:
    world = make_grants()
    award = sent(world)
    with pytest.raises(StateRefused, match="nobody has signed it yet"):
        awards.send_agreement_again(award=award, reason="x", by=world.director, as_of=NOW)
    sign(award, world.lead)
    with pytest.raises(StateRefused, match="The agreement that P signed on 2 Mar 2026 is on file"):
        sign(award, world.director)
    with pytest.raises(StateRefused, match="Write the reason"):
        awards.send_agreement_again(award=award, reason="", by=world.director, as_of=NOW)
    awards.send_agreement_again(award=award, reason="Wrong page", by=world.director, as_of=NOW)
    again = award.events.get(act="send_agreement_again_award")
    assert again.after["no_longer"] == {"signed_on": "2026-03-02", "signed_by": "P"}
    with pytest.raises(StateRefused, match="signed agreement is missing"):
        awards.activate_award(award=award, by=world.director, as_of=NOW)
    sign(award, world.lead)
    event = award.events.filter(act="sign_agreement").order_by("-number")[0]
    assert event.before == {"signed_on": None, "signed_by": ""}
    awards.activate_award(award=award, by=world.director, as_of=NOW)
    assert list_chain_problems(award) == []


# --- nobody for the own group ------------------------------------------------------------------------------


def as_reviewed(world: Grants) -> Award:
    award = awards.submit_award(award=draft(world), by=world.director, as_of=NOW)
    return awards.begin_award_review(award=award, by=world.finance, as_of=NOW)


def accepted(world: Grants) -> Any:
    report = written(world, make_award(world)).report
    reports.submit_report(report=report, by=world.lead, as_of=NOW)
    return reports.accept_report(report=report, by=world.director, as_of=NOW)


def suspended(world: Grants) -> Award:
    return awards.suspend_award(award=make_award(world), reason="x", by=world.director, as_of=NOW)


def applied(world: Grants) -> Application:
    application = apply(world, a_call(world), world.lead)
    return calls.submit_application(application=application, by=world.lead, as_of=NOW)


def asked(world: Grants, application: Application, reviewer: User) -> Any:
    return calls.ask_reviewer(
        application=application, reviewer=reviewer, by=world.director, as_of=NOW
    )


def decide(application: Application, by: User) -> Any:
    return calls.decide_application(
        application=application, awarded=False, reason="x", by=by, as_of=NOW
    )


_D, _F = Role.PROGRAMME_DIRECTOR, Role.PAYER_FINANCE
#: What each makes ready, then the act of somebody inside the group, and the role that may do it outside.
INSIDE: dict[str, tuple[Role, Callable[[Grants], Any], Callable[[Grants, Any, User], Any]]] = {
    "draft": (_D, lambda w: None, lambda w, _, by: draft(replace(w, director=by))),
    "change": (_D, draft, lambda w, a, by: change_award(award=a, terms=make_terms(), by=by, as_of=NOW)),
    "submit": (_D, draft, lambda w, a, by: awards.submit_award(award=a, by=by, as_of=NOW)),
    "begin review": (_F, lambda w: awards.submit_award(award=draft(w), by=w.director, as_of=NOW), lambda w, a, by: awards.begin_award_review(award=a, by=by, as_of=NOW)),
    "request changes": (_F, as_reviewed, lambda w, a, by: awards.request_award_changes(award=a, reason="x", by=by, as_of=NOW)),
    "approve": (_F, as_reviewed, lambda w, a, by: awards.approve_award(award=a, by=by, as_of=NOW)),
    "decline": (_F, as_reviewed, lambda w, a, by: awards.decline_award(award=a, reason="x", by=by, as_of=NOW)),
    "withdraw": (_D, draft, lambda w, a, by: awards.withdraw_award(award=a, reason="x", by=by, as_of=NOW)),
    "send agreement": (_D, approved, lambda w, a, by: awards.send_agreement(award=a, by=by, as_of=NOW)),
    "send agreement again": (_D, lambda w: signed(w), lambda w, a, by: awards.send_agreement_again(award=a, reason="x", by=by, as_of=NOW)),
    "activate": (_D, lambda w: signed(w), lambda w, a, by: awards.activate_award(award=a, by=by, as_of=NOW)),
    "suspend": (_D, make_award, lambda w, a, by: awards.suspend_award(award=a, reason="x", by=by, as_of=NOW)),
    "resume": (_D, suspended, lambda w, a, by: awards.resume_award(award=a, reason="x", by=by, as_of=NOW)),
    "begin closing": (_D, make_award, lambda w, a, by: awards.begin_award_closing(award=a, by=by, as_of=NOW)),
    "terminate": (_D, make_award, lambda w, a, by: awards.terminate_award(award=a, reason="x", by=by, as_of=NOW)),
    "reopen report": (_F, accepted, lambda w, r, by: reports.reopen_report(report=r, reason="x", by=by, as_of=NOW)),
    "open call": (_D, lambda w: None, lambda w, _, by: a_call(replace(w, director=by))),
    "ask reviewer": (_D, applied, lambda w, a, by: asked(replace(w, director=by), a, make_user(Role.PAYER_ANALYST))),
    "decide application": (_D, lambda w: reviewed_application(w), lambda w, a, by: decide(a, by)),
}  # fmt: skip


def signed(world: Grants) -> Award:
    award = sent(world)
    sign(award, world.lead)
    award.refresh_from_db()
    return award


def reviewed_application(world: Grants) -> Application:
    application = applied(world)
    analyst = make_user(Role.PAYER_ANALYST)
    review = asked(world, application, analyst)
    calls.submit_review(review=review, scores=[3], reasons=["x"], by=analyst, as_of=NOW)
    return application


@pytest.mark.parametrize("name", INSIDE)
def test_nobody_acts_on_money_of_the_own_group(name: str) -> None:
    role, ready, act = INSIDE[name]
    world = make_grants()
    target = ready(world)
    insider = make_user(role)
    add_role(insider, Role.GROUP_MEMBER, team=world.team)
    with pytest.raises(StateRefused, match=f"You belong to {world.team.name}.*has to do this"):
        act(world, target, insider)
    act(world, target, make_user(role))


def test_reviewer_who_joined_the_group_does_not_hand_in_a_review() -> None:
    world = make_grants()
    application = applied(world)
    analyst = make_user(Role.PAYER_ANALYST)
    review = asked(world, application, analyst)
    add_role(analyst, Role.GROUP_MEMBER, team=world.team)
    with pytest.raises(StateRefused, match="which applied"):
        calls.submit_review(review=review, scores=[5], reasons=["x"], by=analyst, as_of=NOW)


def test_nobody_who_wrote_in_a_draft_approves_it() -> None:
    world = make_grants()
    first = make_user(Role.PROGRAMME_DIRECTOR, name="Faye First")
    award = draft(replace(world, director=first))
    change_award(award=award, terms=make_terms(), by=world.director, as_of=NOW)
    awards.submit_award(award=award, by=world.director, as_of=NOW)
    awards.begin_award_review(award=award, by=world.finance, as_of=NOW)
    for person in (first, world.director):
        add_role(person, Role.PAYER_FINANCE)
        with pytest.raises(StateRefused, match=r"You drafted this award.*Fran Finance") as refusal:
            awards.approve_award(award=award, by=User.objects.get(pk=person.pk), as_of=NOW)
        assert "Faye First" not in str(refusal.value)  # the other drafter may not either
    assert awards.approve_award(award=award, by=world.finance, as_of=NOW).drafted_by == first


# --- amendments carry only what their kind decides ---------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "changes", "names"),
    [
        (AmendmentKind.SCHEDULE, {"amount": "150000", "lines": []}, "amount"),
        (AmendmentKind.BUDGET, {"lines": [], "payments": {}}, "payments"),
        (AmendmentKind.KEY_PERSON, {"key_person": "x", "ends_on": "2030-01-01"}, "ends on"),
        (AmendmentKind.SCOPE, {"milestones": {}, "scope_text": "x"}, "milestones"),
        (AmendmentKind.EXTENSION, {"ends_on": "2027-01-01", "title": "x"}, "title"),
    ],
)
def test_change_carries_only_what_its_kind_decides(
    world: Grants, award: Award, kind: AmendmentKind, changes: dict[str, Any], names: str
) -> None:
    with pytest.raises(StateRefused, match=f"does not change: {names}[.]"):
        amendments.request_amendment(
            award=award, kind=kind, reason="x", changes=changes, by=world.lead, as_of=NOW
        )
    assert not award.amendments.exists()


def test_amount_in_a_change_of_the_schedule_is_not_the_programmes_to_approve(
    world: Grants, award: Award
) -> None:
    amendment = Amendment.objects.create(  # as if it had slipped through
        award=award,
        number=1,
        kind=AmendmentKind.SCHEDULE,
        state="submitted",
        reason="x",
        before={},
        after={
            "amount": "120000",
            "lines": [
                {"line_code": "01", "category": "personnel", "description": "x", "amount": "120000"}
            ],
            "payments": {"3": {"amount": "20000", "planned_on": "2026-11-01"}},
        },
        requested_by=world.lead,
        requested_at=NOW,
    )
    with pytest.raises(StateRefused, match="does not change: amount"):
        amendments.approve_amendment(amendment=amendment, note="", by=world.director, as_of=NOW)
    award.refresh_from_db()
    assert award.amount == 100000


def test_ended_award_offers_no_changes(world: Grants, award: Award) -> None:
    address = reverse("grants:award", args=[award.pk])
    change = reverse("grants:amend", args=[award.pk])
    for reader in (world.lead, world.director):
        assert change in signed_in(reader).get(address).content.decode()
    awards.terminate_award(award=award, reason="Over", by=world.director, as_of=NOW)
    for reader in (world.lead, world.director):
        assert change not in signed_in(reader).get(address).content.decode()
