"""Objects of the kernel for the walk over every address."""

from __future__ import annotations

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.utils import timezone

from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Role, Topic
from teams.models import ApiToken, Attachment, Invitation, Notification, OutboxMessage, Team, User
from teams.queries import hash_secret
from tests.addresses import World
from tests.factories.people import make_coach_assignment, make_site, make_token, make_user

_RUN_THE_PROGRAMME = {Role.PROGRAMME_DIRECTOR, Role.ADMINISTRATOR}
_SEE_RESULTS = {Role.PROGRAMME_DIRECTOR, Role.PAYER_ANALYST}


def build(world: World) -> None:
    mine = _objects_of(world.mine, "Own")
    other = _objects_of(world.other, "Strange")
    for part in mine:
        world.provide(part, mine=mine[part], other=other[part], seen_by=_RUN_THE_PROGRAMME)
    world.provide("code", mine=world.mine.code, other=world.other.code, seen_by=_SEE_RESULTS)
    # The link of an invitation is its own key: whoever holds it may open it.
    world.share("secret", "not-a-secret-of-anybody")
    world.provide("token_id", mine=mine["token_id"], other=other["token_id"], seen_by=())
    # Files hang on other apps' objects; one whose owner nobody names is nobody's.
    files = {
        team.pk: _file_of(team, person)
        for team, person in ((world.mine, mine), (world.other, other))
    }
    world.provide(
        "attachment_id", mine=files[world.mine.pk], other=files[world.other.pk], seen_by=()
    )
    world.share("signed", "not-a-signed-link")
    tell_both(mine["person_id"], other["person_id"], world)
    # allauth's: a link of a password reset, a confirmation that is not used here, a passkey's row.
    world.share("uidb36", "1")
    world.share("key", "not-a-key")
    passkey = Authenticator.objects.create(
        user_id=other["person_id"],
        type=Authenticator.Type.WEBAUTHN,
        data={"name": "Strange passkey"},
    )
    world.provide("pk", mine=passkey.pk + 1, other=passkey.pk, seen_by=())

    world.mark(world.other.name)
    world.mark(world.other.code)
    world.mark("Strange Person", seen_by=_RUN_THE_PROGRAMME)
    world.mark("strange.person@", seen_by=_RUN_THE_PROGRAMME)
    world.mark("strange.invited@", seen_by=_RUN_THE_PROGRAMME)
    world.mark("Strange Site", seen_by={*_RUN_THE_PROGRAMME, Role.PAYER_ANALYST})
    world.mark("STRANGE-SITE", seen_by={*_RUN_THE_PROGRAMME, Role.PAYER_ANALYST})
    world.mark("Strange Coach", seen_by=_RUN_THE_PROGRAMME)
    world.mark("strange-audit-detail", seen_by={Role.ADMINISTRATOR})
    world.mark("Strange token", seen_by=())
    world.mark("Strange passkey", seen_by=())


def tell_both(mine: object, other: object, world: World) -> None:
    for person, word in ((mine, "Own"), (other, "Strange")):
        notify(
            users=User.objects.filter(pk=person),
            topic=Topic.COACHING,
            title=f"{word} notification",
            path="/",
            key="walk",
            as_of=timezone.now(),
        )
    told = dict(Notification.objects.values_list("user_id", "pk"))
    world.provide("notification_id", mine=told[mine], other=told[other], seen_by=())
    world.mark("Strange notification", seen_by=())
    messages = dict(OutboxMessage.objects.values_list("notification__user_id", "pk"))
    # Whoever looks after the mail looks after everybody's.
    world.provide(
        "message_id", mine=messages[mine], other=messages[other], seen_by={Role.ADMINISTRATOR}
    )


def _file_of(team: Team, objects: dict[str, object]) -> int:
    return Attachment.objects.create(
        owner_type="nobody.registered",
        owner_id=team.pk,
        team=team,
        sha256=f"{team.pk:064x}",
        byte_count=1,
        name=f"file of {team.name}.pdf",
        content_type="application/pdf",
        uploaded_by_id=objects["person_id"],
    ).pk


def _objects_of(team: Team, word: str) -> dict[str, object]:
    person = make_user(
        Role.GROUP_MEMBER,
        team=team,
        name=f"{word} Person",
        email=f"{word.lower()}.person@x.example",
    )
    coach = make_user(Role.COACH, name=f"{word} Coach", email=f"{word.lower()}.coach@x.example")
    site = make_site(team=team, name=f"{word} Site", code=f"{word.upper()}-SITE")
    make_token(person)
    ApiToken.objects.filter(user=person).update(name=f"{word} token")
    invitation = Invitation.objects.create(
        email=f"{word.lower()}.invited@x.example",
        name=f"{word} Invited",
        organisation=team.organisation,
        role=Role.GROUP_MEMBER,
        secret_hash=hash_secret(word),
        invited_by=person,
        expires_at=timezone.now() + timedelta(days=3),
    )
    record_event(
        act="change_site",
        target=site,
        by=person,
        team=team,
        details={"note": f"{word.lower()}-audit-detail"},
    )
    return {
        "person_id": person.pk,
        "membership_id": person.memberships.get().pk,
        "invitation_id": invitation.pk,
        "organisation_id": team.organisation_id,
        "team_id": team.pk,
        "site_id": site.pk,
        "assignment_id": make_coach_assignment(coach, team).pk,
        "token_id": ApiToken.objects.get(user=person).pk,
    }
