"""Writes about people: invitations, memberships, closed accounts, the own profile."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta
from smtplib import SMTPException

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from teams.actions.audit import record_event
from teams.enums import OrganisationKind, Role
from teams.errors import NotAllowed, StateRefused
from teams.models import Invitation, Membership, Organisation, Team, User
from teams.permissions import Permission, check_permission
from teams.policies import (
    INVITATION_LIFETIME,
    check_can_change_role,
    check_can_end_membership,
    check_invitation_allows,
    check_role_fits,
)
from teams.queries import get_programme, has_other_administrator, hash_secret
from teams.scoping import RUNS_THE_PROGRAMME, managed_organisation_ids, scope_of


def _check_manages(by: User, organisation: Organisation, on: date) -> None:
    scope = scope_of(by, on=on)
    check_permission(scope, Permission.MANAGE_PEOPLE)
    if not managed_organisation_ids(scope).filter(id=organisation.pk).exists():
        raise NotAllowed("You can look after the people of your own organisation only.")


def _check_runs_programme(by: User, on: date) -> None:
    if not scope_of(by, on=on).roles & RUNS_THE_PROGRAMME:
        raise NotAllowed("Only an administrator or the programme director can do this.")


def _team_of(organisation: Organisation) -> Team | None:
    """The team that an event about an organisation's people belongs to, when it has exactly one."""
    if organisation.kind != OrganisationKind.PROVIDER_GROUP:
        return None
    teams = list(organisation.teams.all()[:2])
    return teams[0] if len(teams) == 1 else None


def _send_invitation(invitation: Invitation, secret: str) -> None:
    """Raises StateRefused when the e-mail cannot be handed over; the caller's transaction is undone."""
    context = {
        "invitation": invitation,
        "programme": get_programme(),
        "address": settings.BASE_URL.rstrip("/") + reverse("teams:invitation", args=[secret]),
        "expires_on": timezone.localdate(invitation.expires_at),
    }
    subject = render_to_string("teams/email/invitation_subject.txt", context)
    try:
        send_mail(
            " ".join(subject.split()),
            render_to_string("teams/email/invitation.txt", context),
            settings.DEFAULT_FROM_EMAIL,
            [invitation.email],
        )
    except (OSError, SMTPException) as problem:
        raise StateRefused(
            f"The e-mail to {invitation.email} could not be sent, so nothing was saved. "
            "Try again later, or ask an administrator to check the mail server."
        ) from problem


def _new_secret(invitation: Invitation, as_of: datetime) -> str:
    secret = secrets.token_urlsafe(32)
    invitation.secret_hash = hash_secret(secret)
    invitation.expires_at = as_of + INVITATION_LIFETIME
    return secret


@transaction.atomic
def invite_person(
    *, email: str, name: str, organisation: Organisation, role: str, by: User, as_of: datetime
) -> Invitation:
    """Offer a membership by e-mail; it can be accepted once, within 14 days.

    Effects: an invitation without its secret, an e-mail with it, an audit event.
    Raises NotAllowed for another organisation's people, StateRefused when the role does not fit the
    organisation, is held already or has been offered already, or when the e-mail cannot be sent.
    """
    today = timezone.localdate(as_of)
    _check_manages(by, organisation, today)
    check_role_fits(role, organisation)
    email = email.strip().lower()
    held = Membership.objects.filter(
        user__email__iexact=email, organisation=organisation, role=role
    ).exclude(ends_on__lt=today)
    if held.exists():
        raise StateRefused(f"{email} is {Role(role).label.lower()} in {organisation.name} already.")
    if Invitation.objects.filter(
        email__iexact=email,
        organisation=organisation,
        role=role,
        accepted_at=None,
        withdrawn_at=None,
    ).exists():
        raise StateRefused(
            f"{email} has been invited to this already. Send that invitation again instead."
        )
    invitation = Invitation(
        email=email, name=name.strip(), organisation=organisation, role=role, invited_by=by
    )
    secret = _new_secret(invitation, as_of)
    invitation.save()
    record_event(
        act="invite_person",
        target=invitation,
        by=by,
        team=_team_of(organisation),
        details={"email": email, "organisation": organisation.name, "role": role},
    )
    _send_invitation(invitation, secret)
    return invitation


@transaction.atomic
def resend_invitation(*, invitation: Invitation, by: User, as_of: datetime) -> Invitation:
    """Send a new link, valid for 14 days; the old link stops working."""
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    _check_manages(by, invitation.organisation, timezone.localdate(as_of))
    check_invitation_allows("resend", invitation, as_of)
    before = invitation.expires_at
    secret = _new_secret(invitation, as_of)
    invitation.save(update_fields=["secret_hash", "expires_at"])
    record_event(
        act="resend_invitation",
        target=invitation,
        by=by,
        team=_team_of(invitation.organisation),
        details={
            "before": {"expires_at": before.isoformat()},
            "after": {"expires_at": invitation.expires_at.isoformat()},
        },
    )
    _send_invitation(invitation, secret)
    return invitation


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, by: User, as_of: datetime) -> Invitation:
    """Make the link useless. Raises StateRefused when it has been accepted or withdrawn."""
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    _check_manages(by, invitation.organisation, timezone.localdate(as_of))
    check_invitation_allows("withdraw", invitation, as_of)
    invitation.withdrawn_at = as_of
    invitation.save(update_fields=["withdrawn_at"])
    record_event(
        act="withdraw_invitation",
        target=invitation,
        by=by,
        team=_team_of(invitation.organisation),
        details={"email": invitation.email},
    )
    return invitation


@transaction.atomic
def accept_invitation(*, invitation: Invitation, by: User, as_of: datetime) -> Membership:
    """Turn an invitation into a membership from today.

    Raises StateRefused when it is expired, used or withdrawn, or was sent to another address than the person's.
    """
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    check_invitation_allows("accept", invitation, as_of)
    if by.email.lower() != invitation.email.lower():
        raise StateRefused(
            "This invitation was sent to another e-mail address than the one you are signed in with. "
            "Sign out first, then open the link again."
        )
    today = timezone.localdate(as_of)
    if (
        Membership.objects.filter(
            user=by, organisation=invitation.organisation, role=invitation.role
        )
        .exclude(ends_on__lt=today)
        .exists()
    ):
        raise StateRefused("You hold this role already, so there is nothing to accept.")
    membership = Membership.objects.create(
        user=by, organisation=invitation.organisation, role=invitation.role, starts_on=today
    )
    invitation.accepted_at, invitation.accepted_by = as_of, by
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    record_event(
        act="accept_invitation",
        target=invitation,
        by=by,
        team=_team_of(invitation.organisation),
        details={
            "membership": membership.pk,
            "organisation": invitation.organisation.name,
            "role": invitation.role,
        },
    )
    return membership


@transaction.atomic
def register_invited_person(
    *, invitation: Invitation, name: str, password: str, as_of: datetime
) -> User:
    """Make the account of a person who has none, and accept the invitation with it.

    Effects: a user whose address counts as verified (the link went there), a membership, two audit events.
    Raises StateRefused as `accept_invitation`, and when the address has an account by now.
    """
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    check_invitation_allows("accept", invitation, as_of)
    if User.objects.filter(email__iexact=invitation.email).exists():
        raise StateRefused("There is an account for this address already. Sign in to accept.")
    user = User.objects.create_user(email=invitation.email, password=password, name=name.strip())
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    record_event(
        act="register_person", target=user, by=user, team=_team_of(invitation.organisation)
    )
    accept_invitation(invitation=invitation, by=user, as_of=as_of)
    return user


def _check_not_last_administrator(membership: Membership, first_day_without: date) -> None:
    if membership.role == Role.ADMINISTRATOR and not has_other_administrator(
        membership.user, first_day_without
    ):
        raise StateRefused(
            "This is the last administrator. Invite another one before this membership ends."
        )


@transaction.atomic
def end_membership(*, membership: Membership, ends_on: date, by: User, as_of: date) -> Membership:
    """Let a role end; the last day is included.

    Raises NotAllowed for another organisation's people, StateRefused for a day before the first one, a
    later end than the present one, or the last administrator.
    """
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    _check_manages(by, membership.organisation, as_of)
    check_can_end_membership(membership, ends_on)
    _check_not_last_administrator(membership, ends_on + timedelta(days=1))
    before = membership.ends_on
    membership.ends_on = ends_on
    membership.save(update_fields=["ends_on"])
    record_event(
        act="end_membership",
        target=membership,
        by=by,
        team=_team_of(membership.organisation),
        details={
            "person": membership.user.email,
            "role": membership.role,
            "before": {"ends_on": before and before.isoformat()},
            "after": {"ends_on": ends_on.isoformat()},
        },
    )
    return membership


@transaction.atomic
def change_role(
    *, membership: Membership, role: str, starts_on: date, by: User, as_of: date
) -> Membership:
    """Give a person another role in the same organisation from a day on; the old stretch stays on record.

    Effects: the membership ends the day before, a new one begins (and ends when the old one would have).
    """
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    _check_manages(by, membership.organisation, as_of)
    check_role_fits(role, membership.organisation)
    check_can_change_role(membership, role, starts_on)
    _check_not_last_administrator(membership, starts_on)
    if (
        Membership.objects.filter(
            user=membership.user, organisation=membership.organisation, role=role
        )
        .exclude(ends_on__lt=starts_on)
        .exists()
    ):
        raise StateRefused(f"{membership.user} holds that role already on that day or later.")
    ends_on = membership.ends_on
    membership.ends_on = starts_on - timedelta(days=1)
    membership.save(update_fields=["ends_on"])
    successor = Membership.objects.create(
        user=membership.user,
        organisation=membership.organisation,
        role=role,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    record_event(
        act="change_role",
        target=successor,
        by=by,
        team=_team_of(membership.organisation),
        details={
            "person": membership.user.email,
            "before": {"role": membership.role, "ends_on": ends_on and ends_on.isoformat()},
            "after": {"role": role, "starts_on": starts_on.isoformat()},
        },
    )
    return successor


@transaction.atomic
def close_account(*, person: User, by: User, as_of: date) -> User:
    """Stop a person's sign-in and tokens at once; memberships and history stay on record.

    Raises NotAllowed unless `by` runs the programme, StateRefused for oneself and the last administrator.
    """
    _check_runs_programme(by, as_of)
    if person.pk == by.pk:
        raise StateRefused("You cannot close your own account. Ask another administrator.")
    for membership in person.memberships_on(as_of):
        _check_not_last_administrator(membership, as_of)
    person.is_active = False
    person.save(update_fields=["is_active"])
    record_event(
        act="close_account",
        target=person,
        by=by,
        details={"before": {"is_active": True}, "after": {"is_active": False}},
    )
    return person


@transaction.atomic
def reopen_account(*, person: User, by: User, as_of: date) -> User:
    """Undo `close_account`."""
    _check_runs_programme(by, as_of)
    person.is_active = True
    person.save(update_fields=["is_active"])
    record_event(
        act="reopen_account",
        target=person,
        by=by,
        details={"before": {"is_active": False}, "after": {"is_active": True}},
    )
    return person


@transaction.atomic
def change_own_name(*, name: str, by: User) -> User:
    person = User.objects.select_for_update().get(pk=by.pk)
    before = person.name
    person.name = name.strip()
    person.save(update_fields=["name"])
    record_event(
        act="change_own_name",
        target=person,
        by=person,
        details={"before": {"name": before}, "after": {"name": person.name}},
    )
    return person
