"""Reads of the kernel. Query sets are scoped before they leave this module."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from django.core import signing
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery
from django.urls import reverse

from teams.enums import EMAIL_ONLY, EMAILED_BY_DEFAULT, Role, Topic
from teams.models import (
    ApiToken,
    AuditEvent,
    CoachAssignment,
    Invitation,
    Membership,
    Notification,
    NotificationPreference,
    Organisation,
    OutboxMessage,
    Programme,
    Site,
    SiteAssignment,
    Team,
    User,
    holds_on,
)
from teams.scoping import STAFF_ROLES, Scope, administered_team_ids, managed_organisation_ids


def hash_secret(secret: str) -> str:
    """What is kept of a token or an invitation's link.

    They are long random texts, so a plain hash is enough: there is nothing to guess.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def get_programme() -> Programme:
    """The programme's one row, made with its defaults when it is first asked for."""
    return Programme.objects.get_or_create(id=1)[0]


# --- teams and sites whose results the reader may see ------------------------------------------------------


def list_teams(scope: Scope) -> QuerySet[Team]:
    """Teams that exist for this reader, by name."""
    return Team.objects.filter(id__in=scope.team_ids).select_related("organisation")


def get_team(scope: Scope, code: str) -> Team:
    """One team by its code. Raises Team.DoesNotExist also when it is out of scope."""
    return list_teams(scope).get(code=code)


def list_sites(scope: Scope, team_code: str | None = None) -> QuerySet[Site]:
    """Sites that belong or belonged to a team in scope (or to that one); `own_assignments` holds those stretches."""
    stretches = SiteAssignment.objects.filter(team_id__in=scope.team_ids)
    if team_code:
        stretches = stretches.filter(team__code=team_code)
    return (
        Site.objects.filter(id__in=stretches.order_by().values("site_id"))
        .order_by("name", "id")
        .prefetch_related(
            Prefetch(
                "assignments",
                stretches.select_related("team").order_by("starts_on"),
                to_attr="own_assignments",
            )
        )
    )


# --- people whom the reader manages ------------------------------------------------------------------------


def list_managed_organisations(scope: Scope) -> QuerySet[Organisation]:
    return Organisation.objects.filter(id__in=managed_organisation_ids(scope))


def list_memberships(scope: Scope) -> QuerySet[Membership]:
    """Memberships in the organisations whose people the reader manages, also ended and future ones."""
    return (
        Membership.objects.filter(organisation_id__in=managed_organisation_ids(scope))
        .select_related("user", "organisation")
        .order_by("organisation__name", "user__name", "starts_on", "id")
    )


def find_memberships(
    scope: Scope, *, text: str, organisation: Organisation | None, when: str, day: date
) -> QuerySet[Membership]:
    """`list_memberships`, narrowed. when: "now" (holds on the day or begins later), "ended" or "" for all."""
    memberships = list_memberships(scope)
    if text:
        memberships = memberships.filter(
            Q(user__name__icontains=text) | Q(user__email__icontains=text)
        )
    if organisation is not None:
        memberships = memberships.filter(organisation=organisation)
    if when == "now":
        memberships = memberships.exclude(ends_on__lt=day)
    elif when == "ended":
        memberships = memberships.filter(ends_on__lt=day)
    return memberships


def get_membership(scope: Scope, membership_id: int) -> Membership:
    return list_memberships(scope).get(id=membership_id)


def list_people(scope: Scope) -> QuerySet[User]:
    """Everybody who has or had a membership that the reader manages."""
    return User.objects.filter(
        id__in=Membership.objects.filter(
            organisation_id__in=managed_organisation_ids(scope)
        ).values("user_id")
    ).order_by("name", "id")


def get_person(scope: Scope, person_id: int) -> User:
    return list_people(scope).get(id=person_id)


def list_invitations(scope: Scope) -> QuerySet[Invitation]:
    """Invitations without an answer, waiting or expired, that the reader manages."""
    return (
        Invitation.objects.filter(
            organisation_id__in=managed_organisation_ids(scope),
            accepted_at=None,
            withdrawn_at=None,
        )
        .select_related("organisation", "invited_by")
        .order_by("-created_at", "-id")
    )


def get_invitation(scope: Scope, invitation_id: int) -> Invitation:
    """Also an accepted or withdrawn one: the action then says why nothing can be done."""
    return (
        Invitation.objects.filter(organisation_id__in=managed_organisation_ids(scope))
        .select_related("organisation", "invited_by")
        .get(id=invitation_id)
    )


def get_invitation_by_secret(secret: str) -> Invitation:
    """Raises Invitation.DoesNotExist for a link that never was, or that a later one replaced."""
    return Invitation.objects.select_related("organisation", "invited_by").get(
        secret_hash=hash_secret(secret)
    )


def find_account(email: str) -> User | None:
    return User.objects.filter(email__iexact=email).first() if email else None


def has_other_administrator(user: User, on: date) -> bool:
    """Whether somebody else with an open account is administrator on a day."""
    return (
        Membership.objects.filter(holds_on(on), role=Role.ADMINISTRATOR, user__is_active=True)
        .exclude(user=user)
        .exists()
    )


def list_own_memberships(user: User) -> QuerySet[Membership]:
    return user.memberships.select_related("organisation").order_by("-starts_on", "-id")


def list_own_tokens(user: User) -> QuerySet[ApiToken]:
    return user.api_tokens.order_by("-created_at", "-id")


# --- organisations, sites and coaches that the reader arranges ---------------------------------------------


def list_organisations() -> QuerySet[Organisation]:
    """All organisations with their teams; guarded by MANAGE_ORGANISATIONS, which means all of them."""
    return Organisation.objects.order_by("kind", "name").prefetch_related("teams")


def get_organisation(organisation_id: int) -> Organisation:
    return Organisation.objects.get(id=organisation_id)


def list_administered_teams(scope: Scope) -> QuerySet[Team]:
    """Teams whose sites and coaches the reader arranges: names, no results."""
    return Team.objects.filter(id__in=administered_team_ids(scope)).select_related("organisation")


def list_administered_sites(scope: Scope, *, day: date) -> QuerySet[Site]:
    """Sites with `team_name_now`, the group that they belong to on a day (None: to none)."""
    if not administered_team_ids(scope).exists():
        return Site.objects.none()
    now = SiteAssignment.objects.filter(holds_on(day), site=OuterRef("pk"))
    return Site.objects.annotate(
        team_name_now=Subquery(now.values("team__name")[:1]),
        team_since_on=Subquery(now.values("starts_on")[:1]),
        team_id_now=Subquery(now.values("team_id")[:1]),
    ).order_by("team_name_now", "name", "id")


def get_administered_site(scope: Scope, site_id: int, *, day: date) -> Site:
    return list_administered_sites(scope, day=day).get(id=site_id)


def list_site_history(site: Site) -> QuerySet[SiteAssignment]:
    """The stretches of a site in groups, newest first."""
    return site.assignments.select_related("team").order_by("-starts_on")


def list_coach_assignments(scope: Scope) -> QuerySet[CoachAssignment]:
    return (
        CoachAssignment.objects.filter(team_id__in=administered_team_ids(scope))
        .select_related("user", "team")
        .order_by("team__name", "-starts_on", "id")
    )


def get_coach_assignment(scope: Scope, assignment_id: int) -> CoachAssignment:
    return list_coach_assignments(scope).get(id=assignment_id)


def list_coaches_of(team: Team, *, on: date) -> QuerySet[User]:
    """People who coach a team on a day and whose account is open."""
    # An assignment may outlast the role: without the role nobody coaches, and nobody is told.
    held = Membership.objects.filter(holds_on(on), role=Role.COACH)
    assigned = CoachAssignment.objects.filter(
        holds_on(on), team=team, user_id__in=held.values("user_id")
    )
    return User.objects.filter(id__in=assigned.values("user_id"), is_active=True).order_by("name")


def list_people_around(team: Team, *, on: date) -> QuerySet[User]:
    """People of a team's organisation and its coaches on a day, with an open account, by name."""
    held = Membership.objects.filter(holds_on(on), organisation_id=team.organisation_id)
    return User.objects.filter(
        Q(id__in=held.values("user_id")) | Q(id__in=list_coaches_of(team, on=on).values("id")),
        is_active=True,
    ).order_by("name", "id")


def list_people_with(role: Role, team: Team, *, on: date) -> QuerySet[User]:
    """People who hold a role in a team's organisation on a day, with an open account."""
    return _list_holders({role}, team, on)


def list_staff(team: Team, *, on: date) -> QuerySet[User]:
    """Lead and members of a team's group on a day, with an open account: who answers for its work."""
    return _list_holders(STAFF_ROLES, team, on)


def _list_holders(roles: Collection[Role], team: Team, on: date) -> QuerySet[User]:
    held = Membership.objects.filter(
        holds_on(on), organisation_id=team.organisation_id, role__in=roles
    )
    return User.objects.filter(id__in=held.values("user_id"), is_active=True).order_by("name", "id")


def list_participants(teams: Iterable[Team], *, on: date) -> QuerySet[User]:
    """Whom a session of these teams concerns: their people, their coaches and whoever directs the programme.

    No teams means everybody with a role on that day. Accounts that are open, by name.
    """
    organisation_ids = [team.organisation_id for team in teams]
    held = Membership.objects.filter(holds_on(on))
    if not organisation_ids:
        return User.objects.filter(id__in=held.values("user_id"), is_active=True).order_by("name")
    assigned = CoachAssignment.objects.filter(
        holds_on(on), team__organisation_id__in=organisation_ids
    )
    held = held.filter(Q(organisation_id__in=organisation_ids) | Q(role=Role.PROGRAMME_DIRECTOR))
    return User.objects.filter(
        Q(id__in=held.values("user_id")) | Q(id__in=assigned.values("user_id")), is_active=True
    ).order_by("name", "id")


def team_of(person: User, *, on: date) -> Team | None:
    """The team whose staff a person is on a day, the first by name; None for people of no group."""
    held = Membership.objects.filter(holds_on(on), user=person)
    return Team.objects.filter(organisation_id__in=held.values("organisation_id")).first()


def list_coaches(*, day: date) -> QuerySet[User]:
    """People with an open account who are coach on a day or later."""
    return User.objects.filter(
        id__in=Membership.objects.filter(role=Role.COACH)
        .exclude(ends_on__lt=day)
        .values("user_id"),
        is_active=True,
    ).order_by("name", "id")


# --- the audit trail ---------------------------------------------------------------------------------------


def find_audit_events(
    *,
    act: str = "",
    person: str = "",
    team: Team | None = None,
    after: datetime | None = None,
    before: datetime | None = None,
) -> QuerySet[AuditEvent]:
    """Events, newest first; guarded by VIEW_AUDIT. person: part of a name or an address; before: excluded."""
    narrowed: dict[str, Any] = {
        name: value
        for name, value in {
            "act": act,
            "team": team,
            "at__gte": after,
            "at__lt": before,
        }.items()
        if value
    }
    events = AuditEvent.objects.filter(**narrowed)
    if person:
        events = events.filter(Q(actor__name__icontains=person) | Q(actor__email__icontains=person))
    return events.select_related("actor", "team").order_by("-at", "-id")


def list_acts() -> list[str]:
    """Every act that the trail holds, for the filter."""
    return list(AuditEvent.objects.order_by("act").values_list("act", flat=True).distinct())


def list_all_teams() -> QuerySet[Team]:
    """For the audit trail's filter only: its readers see every event."""
    return Team.objects.order_by("name")


# --- what people are told --------------------------------------------------------------------------------------


class Choice(NamedTuple):
    """Whether a topic reaches a person on the site and by e-mail."""

    on_site: bool
    by_email: bool


def list_choices(user_ids: Iterable[int], topic: Topic) -> dict[int, Choice]:
    """What each of the people wants of a topic: their own choice, else the topic's default."""
    default = Choice(topic not in EMAIL_ONLY, topic in EMAILED_BY_DEFAULT)
    choices = dict.fromkeys(user_ids, default)
    own = NotificationPreference.objects.filter(user__in=choices, topic=topic)
    for user_id, on_site, by_email in own.values_list("user_id", "on_site", "by_email"):
        choices[user_id] = Choice(on_site, by_email)
    return choices


def list_own_choices(user: User) -> dict[Topic, Choice]:
    """Every topic with what the user wants of it, in the order of the page."""
    own = {row.topic: row for row in user.notification_preferences.all()}
    return {
        topic: Choice(own[topic].on_site, own[topic].by_email)
        if topic in own
        else Choice(topic not in EMAIL_ONLY, topic in EMAILED_BY_DEFAULT)
        for topic in Topic
    }


def list_own_notifications(user: User) -> QuerySet[Notification]:
    """What the user was told on the site, newest first."""
    return Notification.objects.filter(user=user, on_site=True)


def list_unsent_messages() -> QuerySet[OutboxMessage]:
    """E-mails that failed at least once and are not sent, oldest first. For administrators: no texts, only titles."""
    return (
        OutboxMessage.objects.filter(sent_at=None, tries__gt=0)
        .select_related("notification__user")
        .order_by("created_at")
    )


_STOP_SALT = "teams.notifications.stop"


def stop_link(user: User, topic: Topic) -> str:
    """Path that ends the e-mails of one topic for one person, without sign-in: it goes into the e-mail itself."""
    return reverse("teams:stop_emails", args=[signing.dumps([user.pk, topic], salt=_STOP_SALT)])


def get_by_stop_link(signed: str) -> tuple[User, Topic]:
    """Raises signing.BadSignature for a link that was not made here, User.DoesNotExist for one of nobody."""
    user_id, topic = signing.loads(signed, salt=_STOP_SALT)
    return User.objects.get(pk=user_id), Topic(topic)
