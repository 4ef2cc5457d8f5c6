"""A post with details of a patient: hidden at once, decided about by a moderator, its author told."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from pdsa.enums import CycleState, Decision
from pdsa.models import Cycle
from teams.actions.moderation import decide_about_post, report_post
from teams.enums import HoldState, Role
from teams.errors import StateRefused
from teams.models import AuditEvent, HeldPost, Notification, User
from teams.moderation import get_post
from teams.scoping import scope_of
from tests.factories.cycles import NOW, make_cycle
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

WORDS = "Mrs Miller came back with her cuff"


@pytest.fixture
def author() -> User:
    return make_user(Role.GROUP_LEAD, team=make_team())


@pytest.fixture
def shared(author: User) -> Cycle:
    return make_cycle(
        author.memberships.get().organisation.teams.get(),
        by=author,
        state=CycleState.CLOSED,
        decision=Decision.ADOPT,
        sharing="unnamed",
        learned=WORDS,
    )


@pytest.fixture
def reader() -> User:
    return make_user(Role.GROUP_MEMBER)


@pytest.fixture
def director() -> User:
    return make_user(Role.PROGRAMME_DIRECTOR)


def report(shared: Cycle, by: User) -> HeldPost:
    post = get_post(scope_of(by, on=NOW.date()), "pdsa.cycle", shared.pk)
    return report_post(post=post, reason="A name", by=by, as_of=NOW)


def titles(user: User) -> list[str]:
    return list(Notification.objects.filter(user=user).values_list("title", flat=True))


def sees(user: User, shared: Cycle) -> bool:
    client = signed_in(user)
    page = client.get(reverse("pdsa:cycle", args=[shared.pk]))
    listed = client.get(reverse("pdsa:shared_tests")).content.decode()
    assert (page.status_code == 200) is (str(shared) in listed)
    return page.status_code == 200 and WORDS in page.content.decode()


def test_reported_post_is_hidden_at_once_and_comes_back_when_restored(
    shared: Cycle, author: User, reader: User, director: User
) -> None:
    analyst = make_user(Role.PAYER_ANALYST)
    assert sees(reader, shared) and sees(analyst, shared)
    signed_in(reader).post(
        reverse("teams:report_post", args=["pdsa.cycle", shared.pk]), {"reason": "A name"}
    )
    assert not sees(reader, shared) and not sees(analyst, shared)
    page = signed_in(director).get(reverse("pdsa:cycle", args=[shared.pk])).content.decode()
    assert WORDS in page
    assert titles(director) == [f"Reported and hidden: {shared}"]
    assert titles(author) == [f"Your post was reported and is hidden for now: {shared}"]
    held = HeldPost.objects.get()
    answer = signed_in(director).post(
        reverse("teams:held_post", args=[held.pk]),
        {"state": "restored", "decision": "Nobody can be recognised"},
    )
    assert answer.status_code == 302
    assert sees(reader, shared)
    last = Notification.objects.filter(user=author).latest("pk")
    assert (last.title, last.text) == (
        f"Your post can be read again: {shared}",
        "Nobody can be recognised",
    )


def test_removed_post_stays_hidden(
    shared: Cycle, author: User, reader: User, director: User
) -> None:
    held = report(shared, reader)
    decide_about_post(
        held=held, state=HoldState.REMOVED, decision="It names her", by=director, as_of=NOW
    )
    assert not sees(reader, shared)
    assert "was removed" in titles(author)[0]
    with pytest.raises(StateRefused, match="decided about this post already"):
        decide_about_post(
            held=held, state=HoldState.RESTORED, decision="Oh", by=director, as_of=NOW
        )
    acts = AuditEvent.objects.filter(team=held.team).values_list("act", flat=True)
    assert {"report_post", "decide_about_post"} <= set(acts)


def test_same_person_does_not_hide_again_what_was_restored(
    shared: Cycle, reader: User, director: User
) -> None:
    held = report(shared, reader)
    other = make_user(Role.GROUP_MEMBER)
    decide_about_post(held=held, state=HoldState.RESTORED, decision="Fine", by=director, as_of=NOW)
    with pytest.raises(StateRefused, match="You reported this before"):
        report(shared, reader)
    assert report(shared, other).state == HoldState.HIDDEN


def test_post_is_held_once_by_the_database(shared: Cycle, reader: User) -> None:
    held = report(shared, reader)
    held.pk = None
    with pytest.raises(IntegrityError, match="heldpost_once_a_post"), transaction.atomic():
        held.save(force_insert=True)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PROGRAMME_DIRECTOR])
def test_nobody_else_moderates(shared: Cycle, reader: User, role: Role) -> None:
    held = report(shared, reader)
    client = signed_in(make_user(role))
    assert client.get(reverse("teams:held_posts")).status_code == 403
    decide = {"state": "restored", "decision": "Mine"}
    answer = client.post(reverse("teams:held_post", args=[held.pk]), decide)
    assert answer.status_code == 403
    held.refresh_from_db()
    assert held.state == HoldState.HIDDEN


def test_what_is_not_shared_cannot_be_reported(author: User, reader: User) -> None:
    own = make_cycle(author.memberships.get().organisation.teams.get(), by=author)
    for address in (("pdsa.cycle", own.pk), ("teams.user", author.pk)):
        answer = signed_in(reader).post(
            reverse("teams:report_post", args=address), {"reason": "A name"}
        )
        assert answer.status_code == 404
    assert not HeldPost.objects.exists()
