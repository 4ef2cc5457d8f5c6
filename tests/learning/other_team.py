"""Coaching, sessions and reports of two teams for the walk over every address."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from io import BytesIO

from django.utils import timezone

from learning.enums import PhaseKind
from learning.models import (
    ActionItem,
    Call,
    ControlPlan,
    HelpRequest,
    MonthlyReport,
    Phase,
    PrivateNote,
    Score,
    Session,
    SessionLink,
    Story,
    Storyboard,
    StreamNote,
    Synthesis,
)
from teams.actions.attachments import store_attachment
from teams.enums import Role
from teams.models import Team, User
from tests.addresses import World
from tests.factories.cycles import make_project
from tests.factories.local_measures import make_local_measure
from tests.factories.people import make_user
from tests.learning import other_team_evaluation, other_team_harvest

_WORK_WITH_ALL = {Role.PROGRAMME_DIRECTOR}
_PLAN = {Role.PROGRAMME_DIRECTOR}


def build(world: World) -> None:
    coach = world.users[Role.COACH]
    mine = _objects_of(world.mine, "Own", coach)
    other = _objects_of(world.other, "Strange", coach)
    # Another app has reports too, so the address is named.
    for act in (
        "report",
        "submit_report",
        "take_report_back",
        "acknowledge_report",
        "close_report",
    ):
        world.provide(
            f"learning:{act}.report_id",
            mine=mine["report_id"],
            other=other["report_id"],
            seen_by=_WORK_WITH_ALL,
        )
    for part in ("call_id", "item_id", "help_id", "control_id"):
        world.provide(part, mine=mine[part], other=other[part], seen_by=_WORK_WITH_ALL)
    for name in (
        "make_storyboard",
        "remove_session_link",
        "add_session_file",
        "remove_session_file",
    ):
        world.provide(
            f"learning:{name}.session_id",
            mine=mine["session_id"],
            other=other["session_id"],
            seen_by=_PLAN,
        )
    for part in ("link_id", "storyboard_id", "learning:remove_session_file.attachment_id"):
        world.provide(part, mine=mine[part], other=other[part], seen_by=_WORK_WITH_ALL)
    for name in ("save_call_notes", "save_report"):
        part = "report_id" if name == "save_report" else "note_id"
        world.provide(
            f"learning:{name}.pk", mine=mine[part], other=other[part], seen_by=_WORK_WITH_ALL
        )
    world.provide(
        "learning:save_private_note.pk", mine=mine["call_id"], other=other["call_id"], seen_by=()
    )
    world.provide("session_id", mine=mine["session_id"], other=other["session_id"], seen_by=_PLAN)
    for name in (
        "coaching",
        "plan_call",
        "add_action",
        "ask_for_help",
        "take_over",
        "decide_future",
        "progress",
        "open_report",
        "holding",
        "plan_control",
    ):
        world.provide(
            f"learning:{name}.code",
            mine=world.mine.code,
            other=world.other.code,
            seen_by=_WORK_WITH_ALL,
        )
    for name in (
        "story",
        "tell_story",
        "take_story_back",
        "thank_story",
        "add_story_file",
        "remove_story_file",
    ):
        world.provide(
            f"learning:{name}.story_id",
            mine=mine["story_id"],
            other=other["story_id"],
            seen_by=_WORK_WITH_ALL,
        )
    world.provide(
        "learning:save_story.pk",
        mine=mine["story_id"],
        other=other["story_id"],
        seen_by=_WORK_WITH_ALL,
    )
    world.provide(
        "learning:remove_story_file.attachment_id",
        mine=mine["story_file_id"],
        other=other["story_file_id"],
        seen_by=_WORK_WITH_ALL,
    )
    synthesis = Synthesis.objects.create(
        month=timezone.localdate().replace(day=1), summary="The month in short"
    )
    world.share("learning:save_synthesis.pk", synthesis.pk)
    world.share(
        "phase_id",
        Phase.objects.create(
            name="Action period 1",
            kind=PhaseKind.ACTION_PERIOD,
            starts_on=timezone.localdate() - timedelta(days=30),
            ends_on=timezone.localdate() + timedelta(days=30),
        ).pk,
    )
    world.share("act", "open")
    world.share("month", f"{timezone.localdate():%Y-%m}")

    other_team_harvest.build(world)
    other_team_evaluation.build(world)

    world.mark("Strange wins", seen_by=_WORK_WITH_ALL)
    world.mark("Strange private note", seen_by=())
    # The note is in no answer of any address for anybody but the coach of the team itself.
    world.mark("Own private note", seen_by={Role.COACH})
    world.mark("Strange action", seen_by=_WORK_WITH_ALL)
    world.mark("Strange cry for help", seen_by=_WORK_WITH_ALL)
    world.mark("Strange monthly report", seen_by=_WORK_WITH_ALL)
    world.mark("Strange reason of the score", seen_by=_WORK_WITH_ALL)
    world.mark("Strange response of the plan", seen_by=_WORK_WITH_ALL)
    world.mark("Strange story", seen_by=_WORK_WITH_ALL)
    world.mark("Strange picture", seen_by=_WORK_WITH_ALL)
    world.mark("Strange workshop", seen_by=_PLAN)
    world.mark("Strange link", seen_by=_PLAN)
    world.mark("Strange slides", seen_by=_PLAN)
    world.mark("Strange storyboard", seen_by=_WORK_WITH_ALL)


def _objects_of(team: Team, word: str, coach: User) -> dict[str, int]:
    now, today = timezone.now(), timezone.localdate()
    call = Call.objects.create(team=team, coach=coach, planned_at=now + timedelta(days=3))
    note = StreamNote.objects.create(call=call, workstream="clinical", wins=f"{word} wins")
    PrivateNote.objects.create(call=call, text=f"{word} private note")
    item = ActionItem.objects.create(
        team=team, text=f"{word} action", owner=coach, due_on=today, created_by=coach
    )
    asked = HelpRequest.objects.create(
        team=team, text=f"{word} cry for help", asked_by=coach, asked_at=now
    )
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    report = MonthlyReport.objects.create(
        team=team, month=month, due_on=today, tested_and_learned=f"{word} monthly report"
    )
    Score.objects.create(
        team=team,
        month=month,
        by_whom="coach",
        value=Decimal("2.5"),
        suggested=Decimal("2.0"),
        reason=f"{word} reason of the score",
        given_by=coach,
    )
    session = Session.objects.create(
        kind="workshop",
        title=f"{word} workshop",
        starts_at=now + timedelta(days=2),
        ends_at=now + timedelta(days=2, hours=1),
        created_by=coach,
    )
    session.teams.set([team])
    link = SessionLink.objects.create(
        session=session, title=f"{word} link", address="https://example.org/one"
    )
    file = store_attachment(
        owner=session,
        team=None,
        file=BytesIO(f"{word} slides of the workshop".encode()),
        name=f"{word} slides.txt",
        by=coach,
        as_of=now,
    )
    board = Storyboard.objects.create(
        session=session,
        team=team,
        content={
            "projects": [
                {"title": f"{word} storyboard", "aim": "", "focus": [], "charts": [], "ramps": []}
            ]
        },
        made_by=coach,
        made_at=now,
    )
    lead = make_user(Role.GROUP_LEAD, team=team)
    story = Story.objects.create(
        team=team, author=lead, title=f"{word} story", what_we_changed=f"{word} story told here"
    )
    picture = store_attachment(
        owner=story,
        team=team,
        file=BytesIO(f"{word} picture in words".encode()),
        name=f"{word} picture.txt",
        by=lead,
        as_of=now,
    )
    plan = ControlPlan.objects.create(
        team=team,
        measure=make_local_measure(make_project(team, by=lead), by=lead, name=f"{word} watched"),
        owner=lead,
        response=f"{word} response of the plan",
        created_by=lead,
    )
    return {
        "call_id": call.pk,
        "note_id": note.pk,
        "item_id": item.pk,
        "help_id": asked.pk,
        "report_id": report.pk,
        "session_id": session.pk,
        "story_id": story.pk,
        "story_file_id": picture.pk,
        "link_id": link.pk,
        "storyboard_id": board.pk,
        "learning:remove_session_file.attachment_id": file.pk,
        "control_id": plan.pk,
    }
