"""Stories and the feed: who reads what, with which name; thanks, followed topics, files, reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from learning.actions.stories import (
    begin_story,
    choose_follows,
    note_visit,
    say_thanks,
    take_story_back,
    tell_of_shared_tests,
    tell_story,
)
from learning.enums import FollowKind
from learning.models import FeedVisit, Follow, Story, Thanks
from learning.queries.feed import list_feed
from pdsa.enums import CycleState
from pdsa.queries.digest import digest_text
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import Attachment, HeldPost, Notification, Team, User
from teams.scoping import scope_of
from tests.factories.cycles import make_cycle
from tests.factories.learning import DAY, NOW, make_coach
from tests.factories.people import make_team, make_user, signed_in

pytestmark = pytest.mark.django_db

WORDS = "We call every patient the day before"
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
def team() -> Team:
    return make_team(name="Harborlight Medical")


@pytest.fixture
def author(team: Team) -> User:
    return make_user(Role.GROUP_LEAD, team=team, name="Denise Baptiste")


def draft(team: Team, author: User, **fields: Any) -> Story:
    story = begin_story(team=team, by=author)
    values = {
        "title": "Calls before the visit",
        "what_we_changed": WORDS,
        "for_whom": "Adults with high blood pressure",
        "what_happened": "More of them came",
        **fields,
    }
    Story.objects.filter(pk=story.pk).update(**values)
    story.refresh_from_db()
    return story


def told(team: Team, author: User, *, is_named: bool = False, **fields: Any) -> Story:
    about = {"topic": "blood_pressure", "driver": "trust", "focus_stratum": None}
    return tell_story(
        story=draft(team, author, **fields),
        is_named=is_named,
        about=about,
        by=author,
        as_of=timezone.now(),
    )


def page_of(reader: User, story: Story) -> tuple[int, str]:
    answer = signed_in(reader).get(reverse("learning:story", args=[story.pk]))
    return answer.status_code, answer.content.decode()


def feed_of(reader: User) -> str:
    return signed_in(reader).get(reverse("learning:feed")).content.decode()


# --- drafts and telling ---------------------------------------------------------------------------------------


def test_draft_is_read_by_group_and_coach_only(team: Team, author: User) -> None:
    story = draft(team, author)
    for reader, status in (
        (author, 200),
        (make_coach(team), 200),
        (make_user(Role.PROGRAMME_DIRECTOR), 200),
        (make_user(Role.GROUP_LEAD), 404),
        (make_coach(make_team()), 404),
        (make_user(Role.PAYER_ANALYST), 404),
    ):
        found, page = page_of(reader, story)
        assert found == status, reader
        assert (WORDS in page) is (status == 200)
        if status == 404:
            assert WORDS not in feed_of(reader)


def test_words_save_themselves_and_details_of_a_person_are_asked_about(
    team: Team, author: User
) -> None:
    story = begin_story(team=team, by=author)
    client = signed_in(author)
    address = reverse("learning:save_story", args=[story.pk])
    saved = client.post(address, {"field": "what_we_changed", "text": WORDS, "base": "0"})
    assert saved.json()["version"] == 1
    details = client.post(
        address, {"field": "what_happened", "text": "Ask Mrs Miller, 617-555-0142", "base": "0"}
    )
    assert details.status_code == 422
    assert details.json()["details"]
    stranger = signed_in(make_user(Role.GROUP_LEAD))
    assert stranger.post(address, {"field": "title", "text": "X", "base": "0"}).status_code == 404


def test_story_told_without_the_name_does_not_say_it(team: Team, author: User) -> None:
    story = told(team, author)
    reader = make_user(Role.GROUP_MEMBER)
    status, page = page_of(reader, story)
    assert status == 200 and WORDS in page
    for text in (page, feed_of(reader)):
        assert "Harborlight" not in text and "Denise" not in text
    assert "A group of the programme" in page


def test_story_told_with_the_name_says_it(team: Team, author: User) -> None:
    story = told(team, author, is_named=True)
    assert "Harborlight Medical" in page_of(make_user(Role.GROUP_MEMBER), story)[1]


def test_words_that_name_the_group_are_refused_without_its_name(team: Team, author: User) -> None:
    story = draft(team, author, what_happened="Denise Baptiste called them, at Harborlight Medical")
    values: dict[str, Any] = {"about": {}, "by": author, "as_of": NOW}
    with pytest.raises(StateRefused, match="Denise Baptiste, Harborlight Medical"):
        tell_story(story=story, is_named=False, **values)
    assert tell_story(story=story, is_named=True, **values).told_at == NOW


def test_half_a_story_is_refused_and_the_form_says_why(team: Team, author: User) -> None:
    story = draft(team, author, what_happened="")
    answer = signed_in(author).post(
        reverse("learning:tell_story", args=[story.pk]), {"is_named": "no"}
    )
    assert answer.status_code == 422
    assert "say what you changed and what happened" in answer.content.decode()
    with pytest.raises(IntegrityError, match="story_told_whole"), transaction.atomic():
        Story.objects.filter(pk=story.pk).update(state="told", told_at=NOW)


def test_story_taken_back_is_a_draft_that_nobody_else_reads(team: Team, author: User) -> None:
    story = told(team, author)
    reader = make_user(Role.GROUP_MEMBER)
    take_story_back(story=story, by=author)
    assert page_of(reader, story)[0] == 404
    assert WORDS not in feed_of(reader)


def test_picture_of_a_story_is_read_with_the_story(team: Team, author: User) -> None:
    story = draft(team, author)
    signed_in(author).post(
        reverse("learning:add_story_file", args=[story.pk]),
        {"file": SimpleUploadedFile("board.png", PICTURE)},
    )
    address = reverse("teams:attachment", args=[Attachment.objects.get().pk])
    reader = signed_in(make_user(Role.GROUP_MEMBER))
    assert reader.get(address).status_code == 404
    tell_story(story=story, is_named=False, about={}, by=author, as_of=NOW)
    answer = reader.get(address)
    assert b"".join(answer.streaming_content) == PICTURE
    assert answer["Content-Type"] == "image/png"
    remove = [story.pk, Attachment.objects.get().pk]
    refused = signed_in(author).post(reverse("learning:remove_story_file", args=remove))
    assert refused.status_code == 409


def test_reported_story_is_hidden_for_all_but_its_group_and_moderators(
    team: Team, author: User
) -> None:
    story = told(team, author)
    reader = make_user(Role.GROUP_MEMBER)
    address = reverse("teams:report_post", args=["learning.story", story.pk])
    signed_in(reader).post(address, {"reason": "A name"})
    assert HeldPost.objects.get().author == author
    for other in (reader, make_user(Role.PAYER_ANALYST), make_coach(make_team())):
        assert page_of(other, story)[0] == 404
        assert WORDS not in feed_of(other)
    assert WORDS in page_of(make_user(Role.PROGRAMME_DIRECTOR), story)[1]
    assert "Hidden after a report" in page_of(author, story)[1]


# --- thanks and topics ----------------------------------------------------------------------------------------


def test_thanks_are_given_once_and_counted_nowhere(team: Team, author: User) -> None:
    story = told(team, author)
    reader = make_user(Role.GROUP_MEMBER, name="Owen Reader")
    client = signed_in(reader)
    for _ in range(2):
        client.post(reverse("learning:thank_story", args=[story.pk]))
    assert Thanks.objects.count() == 1
    titles = Notification.objects.filter(user=author).values_list("title", flat=True)
    assert list(titles) == ["Owen Reader says thank you for “Calls before the visit”"]
    assert "Owen Reader said thank you" in page_of(author, story)[1]
    stranger = page_of(make_user(Role.GROUP_MEMBER), story)[1]
    assert "Owen Reader" not in stranger and "said thank you" not in stranger
    with pytest.raises(StateRefused, match="your own group's"):
        scope = scope_of(author, on=timezone.localdate())
        say_thanks(scope=scope, story=story, by=author, as_of=NOW)


def test_thanks_for_a_test_reach_its_owner_and_only_shared_ones_are_thanked(
    team: Team, author: User
) -> None:
    shared = make_cycle(team, by=author, state=CycleState.CLOSED, sharing="unnamed")
    private = make_cycle(team, by=author, state=CycleState.CLOSED)
    client = signed_in(make_user(Role.GROUP_MEMBER))
    assert client.post(reverse("learning:thank_test", args=[shared.pk])).status_code == 302
    assert client.post(reverse("learning:thank_test", args=[private.pk])).status_code == 404
    assert Thanks.objects.get().cycle == shared


@pytest.mark.parametrize(
    ("kind", "value"),
    [(FollowKind.TOPIC, "blood_pressure"), (FollowKind.DRIVER, "trust"), (FollowKind.TEAM, "")],
)
def test_followers_are_told_and_others_not(
    team: Team, author: User, kind: FollowKind, value: str
) -> None:
    follower, other = make_user(Role.GROUP_MEMBER), make_user(Role.GROUP_MEMBER)
    finance = make_user(Role.PAYER_FINANCE)
    for user in (follower, finance):
        choose_follows(chosen={(kind, value or team.code), ("topic", "nonsense")}, by=user)
    choose_follows(chosen={("topic", "breast")}, by=other)
    assert Follow.objects.filter(value="nonsense").count() == 0
    told(team, author, is_named=True)
    topics = Notification.objects.filter(topic="stories").values_list("user", flat=True)
    assert list(topics) == [follower.pk], "finance reads no stories"


def test_follower_of_a_group_is_not_told_of_what_it_tells_without_its_name(
    team: Team, author: User
) -> None:
    follower = make_user(Role.GROUP_MEMBER)
    choose_follows(chosen={("team", team.code)}, by=follower)
    told(team, author)
    assert not Notification.objects.filter(user=follower).exists()


def test_followers_are_told_once_of_a_test_that_is_shared_and_only_with_a_name_that_is_shown(
    team: Team, author: User
) -> None:
    follower, other = make_user(Role.GROUP_MEMBER), make_user(Role.GROUP_MEMBER)
    choose_follows(chosen={("team", team.code)}, by=follower)
    choose_follows(chosen={("team", other_code := make_team().code)}, by=other)
    assert other_code != team.code
    now = timezone.now()
    values: dict[str, Any] = {"state": CycleState.CLOSED, "as_of": now - 8 * DAY}
    shared = make_cycle(team, by=author, sharing="named", objective="Shared cuffs", **values)
    make_cycle(team, by=author, sharing="unnamed", objective="Nameless cuffs", **values)
    make_cycle(team, by=author, objective="Private cuffs", **values)
    assert tell_of_shared_tests(as_of=now) == 1
    row = Notification.objects.get(topic="stories")
    assert row.user == follower
    assert row.title == f"A shared test that you follow: {shared}"
    assert row.path == reverse("pdsa:cycle", args=[shared.pk])
    assert tell_of_shared_tests(as_of=now + DAY) == 0
    Notification.objects.all().delete()
    assert tell_of_shared_tests(as_of=now + 9 * DAY) == 0, "news, not history"


def test_page_of_topics_keeps_what_is_ticked() -> None:
    user = make_user(Role.GROUP_MEMBER)
    client = signed_in(user)
    client.post(reverse("learning:follows"), {"follow": ["topic:diabetes", "driver:access"]})
    assert set(Follow.objects.values_list("kind", "value")) == {
        ("topic", "diabetes"),
        ("driver", "access"),
    }
    client.post(reverse("learning:follows"), {"follow": ["driver:access"]})
    assert Follow.objects.get().value == "access"


# --- the feed -------------------------------------------------------------------------------------------------


def test_feed_marks_what_came_since_the_visit_before(team: Team, author: User) -> None:
    reader = make_user(Role.GROUP_MEMBER)
    now = timezone.now()
    told(team, author, title="Told long ago")
    Story.objects.update(told_at=now - 5 * DAY)
    assert note_visit(by=reader, as_of=now - 3 * DAY) is None
    told(team, author, title="Told today")
    page = feed_of(reader)
    assert page.count("feed-new") == 1
    assert page.index("Told today") < page.index("Told long ago")
    # A second look within the hour is the same visit.
    assert feed_of(reader).count("feed-new") == 1
    FeedVisit.objects.update(last_at=now + timedelta(minutes=1))
    assert note_visit(by=reader, as_of=now + DAY) == now + timedelta(minutes=1)


def test_feed_holds_shared_tests_of_others_and_no_private_ones(team: Team, author: User) -> None:
    now = timezone.now()
    values: dict[str, Any] = {"state": CycleState.CLOSED, "as_of": now}
    shared = make_cycle(team, by=author, sharing="unnamed", objective="Shared cuffs", **values)
    make_cycle(team, by=author, objective="Private cuffs", **values)
    reader = make_user(Role.GROUP_MEMBER)
    items = list_feed(scope_of(reader, on=timezone.localdate()), as_of=now + DAY)
    assert [item.title for item in items if item.kind == "test"] == [str(shared)]
    assert "Harborlight" not in feed_of(reader)


def test_digest_names_new_stories_and_stops_at_the_week(team: Team, author: User) -> None:
    reader = make_user(Role.GROUP_MEMBER)
    told(team, author)
    scope = scope_of(reader, on=timezone.localdate())
    now = timezone.now()
    assert "Story: Calls before the visit" in digest_text(scope, now + DAY)
    assert "Calls before the visit" not in digest_text(scope, now + 8 * DAY)


@pytest.mark.parametrize("role", [Role.PAYER_FINANCE, Role.ADMINISTRATOR])
def test_feed_is_closed_to_roles_that_read_no_shared_tests(role: Role) -> None:
    assert signed_in(make_user(role)).get(reverse("learning:feed")).status_code == 403


def test_page_of_topics_names_no_group_that_does_not_tell_with_its_name(
    team: Team, author: User
) -> None:
    reader = signed_in(make_user(Role.GROUP_MEMBER))
    told(team, author)
    assert "Harborlight" not in reader.get(reverse("learning:follows")).content.decode()
    told(team, author, is_named=True)
    assert "Harborlight" in reader.get(reverse("learning:follows")).content.decode()
