"""Invitations, memberships, roles and closed accounts."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from teams.actions.people import (
    accept_invitation,
    change_role,
    close_account,
    end_membership,
    invite_person,
    register_invited_person,
    reopen_account,
    resend_invitation,
    withdraw_invitation,
)
from teams.enums import ROLES_OF_KIND, InvitationState, OrganisationKind, Role
from teams.errors import NotAllowed, StateRefused
from teams.models import AuditEvent, Invitation, Membership, Organisation, User
from teams.policies import invitation_state
from teams.queries import get_invitation_by_secret
from teams.scoping import scope_of
from tests.factories.people import (
    PASSWORD,
    add_role,
    make_organisation,
    make_team,
    make_token,
    make_user,
    signed_in,
)

pytestmark = pytest.mark.django_db

NOW = timezone.make_aware(datetime(2026, 6, 15, 9, 30))
TODAY = date(2026, 6, 15)
DAY = timedelta(days=1)


def invite(
    *, by: User | None = None, organisation: Organisation | None = None, **fields: Any
) -> tuple[Invitation, str]:
    """An invitation and the secret of its link, as the e-mail has it."""
    mail.outbox.clear()
    organisation = organisation or make_team().organisation
    invitation = invite_person(
        **{"email": "new@example.org", "name": "Nia New", "role": Role.GROUP_MEMBER, **fields},
        organisation=organisation,
        by=by or make_user(Role.ADMINISTRATOR),
        as_of=NOW,
    )
    return invitation, secret_of(mail.outbox[-1].body)


def secret_of(body: object) -> str:
    found = re.search(r"/invitations/([\w-]+)/", str(body))
    assert found
    return found.group(1)


# --- invitations -------------------------------------------------------------------------------------------


def test_invitation_keeps_only_the_hash_of_its_secret() -> None:
    invitation, secret = invite()
    stored = Invitation.objects.filter(pk=invitation.pk).values().get()
    assert secret not in str(stored)
    assert get_invitation_by_secret(secret) == invitation
    assert invitation.expires_at == NOW + timedelta(days=14)


def test_email_says_who_what_where_and_until_when() -> None:
    team = make_team(name="Harbor Health")
    lead = make_user(Role.GROUP_LEAD, team=team, name="Lee Lead")
    invite(by=lead, organisation=team.organisation, email="Nia@Example.org")
    [message] = mail.outbox
    assert message.to == ["nia@example.org"]
    for words in ("Lee Lead", "Group member", "Harbor Health", "29 June 2026", "http://"):
        assert words in message.body
    assert "Harbor" not in str(AuditEvent.objects.get(act="invite_person").object_id)
    assert AuditEvent.objects.get(act="invite_person").team == team


def test_lead_invites_into_the_own_group_only() -> None:
    mine, other = make_team(), make_team()
    lead = make_user(Role.GROUP_LEAD, team=mine)
    invite(by=lead, organisation=mine.organisation)
    with pytest.raises(NotAllowed):
        invite(by=lead, organisation=other.organisation, email="second@example.org")
    assert Invitation.objects.count() == 1
    assert mail.outbox == []


@pytest.mark.parametrize("role", [Role.GROUP_MEMBER, Role.COACH, Role.PAYER_ANALYST])
def test_role_without_the_permission_invites_nobody(role: Role) -> None:
    team = make_team()
    with pytest.raises(NotAllowed):
        invite(by=make_user(role, team=team), organisation=team.organisation)
    assert mail.outbox == []


def test_lead_cannot_give_a_role_of_another_kind() -> None:
    team = make_team()
    with pytest.raises(StateRefused, match="not a role in"):
        invite(
            by=make_user(Role.GROUP_LEAD, team=team),
            organisation=team.organisation,
            role=Role.ADMINISTRATOR,
        )


@pytest.mark.parametrize("kind", list(OrganisationKind))
@pytest.mark.parametrize("role", list(Role))
def test_database_takes_the_same_roles_as_the_code(kind: OrganisationKind, role: Role) -> None:
    organisation = make_organisation(kind, name="Any")
    person = make_user()

    def store() -> None:
        with transaction.atomic():
            Membership.objects.create(
                user=person, organisation=organisation, role=role, starts_on=TODAY
            )
            Invitation.objects.create(
                email="x@example.org",
                name="X",
                organisation=organisation,
                role=role,
                secret_hash="x",
                invited_by=person,
                expires_at=NOW,
            )

    if role in ROLES_OF_KIND[kind]:
        store()
        assert Invitation.objects.count() == 1
    else:
        with pytest.raises(IntegrityError, match="cannot be held"):
            store()


def test_same_offer_twice_is_refused_and_names_the_way_out() -> None:
    organisation = make_team().organisation
    invite(organisation=organisation)
    with pytest.raises(StateRefused, match="Send that invitation again"):
        invite(organisation=organisation, email="NEW@example.org")


def test_role_that_is_held_is_not_offered() -> None:
    team = make_team()
    make_user(Role.GROUP_MEMBER, team=team, email="new@example.org")
    with pytest.raises(StateRefused, match="already"):
        invite(organisation=team.organisation)


def test_unsendable_email_saves_nothing(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nothing listens there
    with pytest.raises(StateRefused, match="could not be sent"):
        invite()
    assert not Invitation.objects.exists()
    assert not AuditEvent.objects.exists()


def test_registration_makes_account_membership_and_events_at_once() -> None:
    invitation, _ = invite()
    user = register_invited_person(
        invitation=invitation, name=" Nia New ", password=PASSWORD, as_of=NOW + DAY
    )
    membership = user.memberships.get()
    assert (user.email, user.name) == ("new@example.org", "Nia New")
    assert user.check_password(PASSWORD)
    assert (membership.role, membership.starts_on) == (Role.GROUP_MEMBER, TODAY + DAY)
    assert EmailAddress.objects.get(user=user).verified
    invitation.refresh_from_db()
    assert invitation.accepted_by == user
    acts = set(AuditEvent.objects.filter(actor=user).values_list("act", flat=True))
    assert acts == {"register_person", "accept_invitation"}


def test_invitation_works_once() -> None:
    invitation, _ = invite()
    user = register_invited_person(invitation=invitation, name="Nia", password=PASSWORD, as_of=NOW)
    with pytest.raises(StateRefused, match="used already"):
        accept_invitation(invitation=invitation, by=user, as_of=NOW)
    assert user.memberships.count() == 1


def test_expired_invitation_is_refused_from_the_very_moment() -> None:
    invitation, _ = invite()
    end = invitation.expires_at
    assert invitation_state(invitation, end - timedelta(seconds=1)) == InvitationState.WAITING
    with pytest.raises(StateRefused, match="expired"):
        register_invited_person(invitation=invitation, name="N", password=PASSWORD, as_of=end)
    assert not User.objects.filter(email="new@example.org").exists()


def test_withdrawn_invitation_is_refused_and_cannot_be_sent_again() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    invitation, _ = invite(by=administrator)
    withdraw_invitation(invitation=invitation, by=administrator, as_of=NOW)
    with pytest.raises(StateRefused, match="withdrawn"):
        register_invited_person(invitation=invitation, name="N", password=PASSWORD, as_of=NOW)
    with pytest.raises(StateRefused, match="withdrawn"):
        resend_invitation(invitation=invitation, by=administrator, as_of=NOW)


def test_sending_again_gives_a_new_link_and_a_new_end() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    invitation, first = invite(by=administrator)
    later = invitation.expires_at + DAY
    resend_invitation(invitation=invitation, by=administrator, as_of=later)
    second = secret_of(mail.outbox[-1].body)
    with pytest.raises(Invitation.DoesNotExist):
        get_invitation_by_secret(first)
    again = get_invitation_by_secret(second)
    assert again.expires_at == later + timedelta(days=14)
    before = AuditEvent.objects.get(act="resend_invitation").details["before"]
    assert datetime.fromisoformat(before["expires_at"]) == NOW + timedelta(days=14)


def test_existing_person_accepts_with_the_same_address_only() -> None:
    invitation, _ = invite()
    other = make_user(email="other@example.org")
    with pytest.raises(StateRefused, match="another e-mail address"):
        accept_invitation(invitation=invitation, by=other, as_of=NOW)
    person = make_user(Role.EVALUATOR, email="New@example.org")
    accept_invitation(invitation=invitation, by=person, as_of=NOW)
    assert set(person.memberships.values_list("role", flat=True)) == {
        Role.EVALUATOR,
        Role.GROUP_MEMBER,
    }
    with pytest.raises(StateRefused):
        register_invited_person(invitation=invitation, name="N", password=PASSWORD, as_of=NOW)


def test_registration_refused_when_the_address_got_an_account_meanwhile() -> None:
    invitation, _ = invite()
    make_user(email="new@example.org")
    with pytest.raises(StateRefused, match="account for this address"):
        register_invited_person(invitation=invitation, name="N", password=PASSWORD, as_of=NOW)


# --- the page behind the link ------------------------------------------------------------------------------


def live_invitation(**fields: Any) -> tuple[Invitation, str]:
    invitation, secret = invite(**fields)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() + DAY)
    return invitation, f"/invitations/{secret}/"


def test_link_page_registers_and_signs_in() -> None:
    _, link = live_invitation()
    client = Client()
    page = client.get(link)
    assert page["Referrer-Policy"] == "strict-origin"
    assert "Nia New" in page.content.decode()
    response = client.post(
        link, {"name": "Nia N.", "password": PASSWORD, "password_again": PASSWORD}
    )
    assert (response.status_code, response["Location"]) == (302, "/")
    user = User.objects.get(email="new@example.org")
    assert client.session["_auth_user_id"] == str(user.pk)
    # The session stands on the account's own backend, so the next page knows the person.
    assert client.get("/account/").status_code == 200


def test_link_page_keeps_what_was_typed_and_says_what_is_wrong() -> None:
    _, link = live_invitation()
    response = Client().post(
        link, {"name": "Nia N.", "password": "short", "password_again": "other"}
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="Nia N."' in page
    assert "at least 12 characters" in page
    assert "not the same" in page
    assert not User.objects.filter(email="new@example.org").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"expires_at": NOW - 100 * DAY}, "has expired"),
        ({"withdrawn_at": NOW}, "has been withdrawn"),
    ],
)
def test_link_page_says_why_it_is_closed(change: dict[str, Any], words: str) -> None:
    invitation, link = live_invitation()
    Invitation.objects.filter(pk=invitation.pk).update(**change)
    for send in (Client().get, Client().post):
        response = send(link)
        assert response.status_code == 410
        assert words in response.content.decode()


def test_used_link_says_so() -> None:
    invitation, link = live_invitation()
    register_invited_person(
        invitation=invitation, name="N", password=PASSWORD, as_of=timezone.now()
    )
    response = Client().get(link)
    assert response.status_code == 410
    assert "used already" in response.content.decode()


def test_unknown_link_is_not_found() -> None:
    assert Client().get("/invitations/nothing/").status_code == 404


def test_link_page_sends_an_existing_person_to_sign_in_first() -> None:
    _, link = live_invitation()
    person = make_user(email="new@example.org")
    page = Client().get(link).content.decode()
    assert f"/account/login/?next={link}" in page
    assert 'name="password"' not in page
    client = signed_in(person)
    assert "Accept" in client.get(link).content.decode()
    assert client.post(link)["Location"] == "/"
    assert person.memberships.get().role == Role.GROUP_MEMBER


def test_link_page_refuses_somebody_else() -> None:
    invitation, link = live_invitation()
    client = signed_in(make_user(email="other@example.org"))
    assert "another e-mail address" in client.get(link).content.decode()
    client.post(link)
    invitation.refresh_from_db()
    assert invitation.accepted_at is None


# --- memberships -------------------------------------------------------------------------------------------


def test_ended_membership_shows_nothing_from_the_next_day() -> None:
    team = make_team()
    person = make_user(Role.GROUP_MEMBER, team=team)
    lead = make_user(Role.GROUP_LEAD, team=team)
    end_membership(membership=person.memberships.get(), ends_on=TODAY, by=lead, as_of=TODAY)
    fresh = User.objects.get(pk=person.pk)
    assert scope_of(fresh, on=TODAY).team_ids == (team.pk,)
    assert scope_of(fresh, on=TODAY + DAY).team_ids == ()
    event = AuditEvent.objects.get(act="end_membership")
    assert event.details["before"] == {"ends_on": None}
    assert event.details["after"] == {"ends_on": "2026-06-15"}
    assert (event.actor, event.team) == (lead, team)


def test_lead_cannot_end_a_membership_of_another_group() -> None:
    lead = make_user(Role.GROUP_LEAD)
    stranger = make_user(Role.GROUP_MEMBER)
    with pytest.raises(NotAllowed):
        end_membership(membership=stranger.memberships.get(), ends_on=TODAY, by=lead, as_of=TODAY)


def test_end_before_beginning_is_refused() -> None:
    person = make_user(Role.GROUP_MEMBER, starts_on=TODAY)
    with pytest.raises(StateRefused, match="began on 15 Jun 2026"):
        end_membership(
            membership=person.memberships.get(),
            ends_on=TODAY - DAY,
            by=make_user(Role.ADMINISTRATOR),
            as_of=TODAY,
        )


def test_ended_membership_is_not_prolonged() -> None:
    person = make_user(Role.GROUP_MEMBER, ends_on=TODAY)
    with pytest.raises(StateRefused, match="already ends"):
        end_membership(
            membership=person.memberships.get(),
            ends_on=TODAY + DAY,
            by=make_user(Role.ADMINISTRATOR),
            as_of=TODAY,
        )


def test_last_administrator_stays() -> None:
    director = make_user(Role.PROGRAMME_DIRECTOR)
    administrator = make_user(Role.ADMINISTRATOR)
    make_user(Role.ADMINISTRATOR, is_active=False)
    make_user(Role.ADMINISTRATOR, ends_on=TODAY)
    with pytest.raises(StateRefused, match="last administrator"):
        end_membership(
            membership=administrator.memberships.get(), ends_on=TODAY, by=director, as_of=TODAY
        )
    with pytest.raises(StateRefused, match="last administrator"):
        close_account(person=administrator, by=director, as_of=TODAY + DAY)
    make_user(Role.ADMINISTRATOR)
    end_membership(
        membership=administrator.memberships.get(), ends_on=TODAY, by=director, as_of=TODAY
    )


def test_role_changes_on_a_day_and_the_old_one_stays_on_record() -> None:
    team = make_team()
    person = make_user(Role.GROUP_MEMBER, team=team, ends_on=TODAY + 100 * DAY)
    change_role(
        membership=person.memberships.get(),
        role=Role.GROUP_LEAD,
        starts_on=TODAY + 5 * DAY,
        by=make_user(Role.ADMINISTRATOR),
        as_of=TODAY,
    )
    fresh = User.objects.get(pk=person.pk)
    assert scope_of(fresh, on=TODAY + 4 * DAY).roles == {Role.GROUP_MEMBER}
    assert scope_of(fresh, on=TODAY + 5 * DAY).roles == {Role.GROUP_LEAD}
    assert scope_of(fresh, on=TODAY + 101 * DAY).roles == frozenset()


@pytest.mark.parametrize(
    ("role", "starts_on", "words"),
    [
        (Role.GROUP_MEMBER, TODAY + DAY, "has already"),
        (Role.GROUP_LEAD, TODAY, "later day only"),
        (Role.COACH, TODAY + DAY, "not a role in"),
        (Role.GROUP_LEAD, TODAY + 200 * DAY, "before the new role would begin"),
    ],
)
def test_role_change_refused(role: Role, starts_on: date, words: str) -> None:
    person = make_user(Role.GROUP_MEMBER, starts_on=TODAY, ends_on=TODAY + 100 * DAY)
    with pytest.raises(StateRefused, match=words):
        change_role(
            membership=person.memberships.get(),
            role=role,
            starts_on=starts_on,
            by=make_user(Role.ADMINISTRATOR),
            as_of=TODAY,
        )


def test_role_change_refused_when_the_new_role_is_held_later() -> None:
    team = make_team()
    person = make_user(Role.GROUP_MEMBER, team=team)
    add_role(person, Role.GROUP_LEAD, team=team, starts_on=TODAY + 50 * DAY)
    with pytest.raises(StateRefused, match="that day or later"):
        change_role(
            membership=person.memberships.get(role=Role.GROUP_MEMBER),
            role=Role.GROUP_LEAD,
            starts_on=TODAY,
            by=make_user(Role.ADMINISTRATOR),
            as_of=TODAY,
        )


def test_closed_account_is_out_at_once_and_can_come_back() -> None:
    person = make_user(Role.GROUP_MEMBER)
    key = make_token(person)
    client = signed_in(person)
    administrator = make_user(Role.ADMINISTRATOR)
    assert client.get("/account/").status_code == 200
    close_account(person=person, by=administrator, as_of=TODAY)
    assert client.get("/account/")["Location"].startswith("/account/login/")
    header = {"Authorization": f"Token {key}"}
    assert Client(headers=header).get("/api/v1/me/").status_code == 401
    reopen_account(person=person, by=administrator, as_of=TODAY)
    assert Client(headers=header).get("/api/v1/me/").status_code == 200


def test_only_who_runs_the_programme_closes_accounts_and_never_the_own() -> None:
    team = make_team()
    person = make_user(Role.GROUP_MEMBER, team=team)
    with pytest.raises(NotAllowed):
        close_account(person=person, by=make_user(Role.GROUP_LEAD, team=team), as_of=TODAY)
    administrator = make_user(Role.ADMINISTRATOR)
    make_user(Role.ADMINISTRATOR)
    with pytest.raises(StateRefused, match="own account"):
        close_account(person=administrator, by=administrator, as_of=TODAY)


# --- pages -------------------------------------------------------------------------------------------------


def test_lead_sees_the_own_group_and_nothing_of_another() -> None:
    mine, other = make_team(name="Own group"), make_team(name="Stranger group")
    client = signed_in(make_user(Role.GROUP_LEAD, team=mine))
    make_user(Role.GROUP_MEMBER, team=mine, name="Own Colleague")
    stranger = make_user(Role.GROUP_MEMBER, team=other, name="Strange Person")
    invitation, _ = invite(organisation=other.organisation, email="strange@example.org")
    page = client.get("/people/?when=").content.decode()
    assert "Own Colleague" in page
    assert "Strange" not in page
    assert "strange@" not in page
    membership = stranger.memberships.get()
    for path in (
        f"/people/{stranger.pk}/",
        f"/people/{stranger.pk}/close/",
        f"/people/memberships/{membership.pk}/end/",
        f"/people/memberships/{membership.pk}/role/",
        f"/people/invitations/{invitation.pk}/withdraw/",
    ):
        response = client.get(path)
        assert response.status_code == 404, path
        assert "Strange" not in response.content.decode()
        assert client.post(path).status_code in (404, 405), path
    assert client.post(f"/people/invitations/{invitation.pk}/resend/").status_code == 404
    form = client.get("/people/invite/").content.decode()
    assert "Stranger group" not in form
    assert "Administrator" not in form
    sent = client.post(
        "/people/invite/",
        {
            "email": "a@example.org",
            "name": "A",
            "organisation": other.organisation_id,
            "role": "group_member",
        },
    )
    assert sent.status_code == 422
    assert not Invitation.objects.filter(email="a@example.org").exists()


def test_person_of_two_groups_shows_each_lead_the_own_membership_only() -> None:
    mine, other = make_team(name="Own group"), make_team(name="Stranger group")
    person = make_user(Role.GROUP_MEMBER, team=mine)
    add_role(person, Role.SENIOR_SPONSOR, team=other)
    page = signed_in(make_user(Role.GROUP_LEAD, team=mine)).get(f"/people/{person.pk}/")
    assert "Own group" in page.content.decode()
    assert "Stranger" not in page.content.decode()
    assert "sponsor" not in page.content.decode()


def test_invite_page_keeps_what_was_typed_when_the_act_is_refused() -> None:
    team = make_team()
    make_user(Role.GROUP_MEMBER, team=team, email="held@example.org")
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    response = client.post(
        "/people/invite/",
        {
            "email": "held@example.org",
            "name": "Kept Name",
            "organisation": team.organisation_id,
            "role": "group_member",
        },
    )
    assert response.status_code == 422
    assert 'value="Kept Name"' in response.content.decode()
    assert "in " + team.organisation.name + " already" in response.content.decode()


def test_end_page_refuses_a_day_that_cannot_be_read_with_a_sentence() -> None:
    team = make_team()
    person = make_user(Role.GROUP_MEMBER, team=team)
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    path = f"/people/memberships/{person.memberships.get().pk}/end/"
    response = client.post(path, {"ends_on": "31 Feb"})
    assert response.status_code == 422
    assert "for example 2026-03-31" in response.content.decode()
    assert 'value="31 Feb"' in response.content.decode()
    assert client.post(path, {"ends_on": "2026-12-31"}).status_code == 302
    assert person.memberships.get().ends_on == date(2026, 12, 31)


def test_resend_of_a_withdrawn_invitation_is_a_conflict() -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    invitation, _ = invite(by=administrator)
    withdraw_invitation(invitation=invitation, by=administrator, as_of=NOW)
    response = signed_in(administrator).post(f"/people/invitations/{invitation.pk}/resend/")
    assert response.status_code == 409
    assert "withdrawn" in response.content.decode()


def test_people_page_takes_the_same_queries_for_one_person_and_for_many() -> None:
    team = make_team()
    client = signed_in(make_user(Role.GROUP_LEAD, team=team))
    client.get("/people/")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/people/").status_code == 200
        return len(captured)

    one = queries()
    for _ in range(3):
        make_user(Role.GROUP_MEMBER, team=team)
    assert queries() == one
