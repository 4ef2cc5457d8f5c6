"""Projects and tests of two teams for the walk over every address."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

from measures.models import Measure, Period, Source
from pdsa.actions.cycle_rows import remove_row
from pdsa.actions.files import add_file
from pdsa.actions.library import load_library
from pdsa.models import AskingScript, AskingText, ScriptUse, StaffTraining
from teams.enums import Role
from teams.models import HeldPost, Team
from tests.addresses import World
from tests.factories.aims import aim_parts
from tests.factories.cycles import NOW, make_cycle, make_idea, make_project
from tests.factories.local_measures import measure_parts
from tests.factories.outreach import make_member_list
from tests.factories.people import make_site

#: The smallest picture there is.
_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)

#: Who works with every team: of the open roles the director only, for the payer sees no project.
_SEE_PROJECTS = {Role.PROGRAMME_DIRECTOR}


def build(world: World) -> None:
    """Nothing of the other team is shared here; `test_refusals.py` tests what sharing opens, and to whom."""
    made = {}
    for team, word in ((world.mine, "Own"), (world.other, "Strange")):
        by = world.users[Role.GROUP_LEAD]
        project = make_project(team, by=by, title=f"{word} cedar project")
        idea = make_idea(project, by=by, title=f"{word} cedar idea")
        cycle = make_cycle(
            team,
            by=by,
            idea=idea,
            objective=f"{word} cedar objective",
            prediction=f"{word} cedar prediction",
            learned=f"{word} cedar learning",
        )
        task = cycle.tasks.create(position=1, what=f"{word} cedar task")
        reading = cycle.readings.create(
            read_on=cycle.started_on, label=f"{word} cedar count", value=1, entered_by=by
        )
        gone = {
            "put_back_prediction": cycle.predictions.create(position=2),
            "put_back_task": cycle.tasks.create(position=2, what=f"{word} cedar removed task"),
            "put_back_reading": cycle.readings.create(
                read_on=cycle.started_on, value=2, entered_by=by
            ),
        }
        for row in gone.values():
            remove_row(row=row, by=by, as_of=NOW)
        comment = cycle.comments.create(author=by, text=f"{word} cedar comment")
        parts = aim_parts(project, by=by, word=word) | measure_parts(project, cycle, word)
        made[team.pk] = parts | {
            "project_id": project.pk,
            "idea_id": idea.pk,
            "cycle_id": cycle.pk,
            "pdsa:save_cycle.pk": cycle.pk,
            "pdsa:save_prediction.pk": cycle.predictions.get().pk,
            "pdsa:remove_prediction.pk": cycle.predictions.get().pk,
            "pdsa:save_task.pk": task.pk,
            "pdsa:finish_task.pk": task.pk,
            "pdsa:remove_task.pk": task.pk,
            "pdsa:remove_reading.pk": reading.pk,
            "pdsa:take_back_comment.pk": comment.pk,
            **{f"pdsa:{name}.pk": row.pk for name, row in gone.items()},
            "pdsa:remove_file.attachment_id": add_file(
                cycle=cycle, file=BytesIO(_PICTURE), name=f"{word}.png", by=by, as_of=NOW
            ).pk,
        }
    for part, own in made[world.mine.pk].items():
        world.provide(part, mine=own, other=made[world.other.pk][part], seen_by=_SEE_PROJECTS)
    world.share("decision", "adopt")
    world.share("post_type", "pdsa.cycle")
    # Nothing is shared here, so nobody can report it; what somebody reported only moderators see.
    world.provide(
        "teams:report_post.post_id",
        mine=made[world.mine.pk]["cycle_id"],
        other=made[world.other.pk]["cycle_id"],
        seen_by=(),
    )
    world.provide(
        "teams:held_post.held_id",
        mine=_report(world, world.mine, made[world.mine.pk]["cycle_id"], "Own"),
        other=_report(world, world.other, made[world.other.pk]["cycle_id"], "Strange"),
        seen_by=_SEE_PROJECTS,
    )
    world.mark("Strange reported cedar", seen_by=_SEE_PROJECTS)
    load_library()
    for name in ("aims:library_idea", "aims:adopt", "aims:link_idea", "api_library_idea"):
        world.share(f"{name}.code", "transport")
    for mark in (
        "project",
        "idea",
        "objective",
        "prediction",
        "learning",
        "task",
        "count",
        "comment",
        "aim",
        "charter",
        "driver",
        "map",
        "step",
        "measure",
        "reason",
    ):
        world.mark(f"Strange cedar {mark}", seen_by=_SEE_PROJECTS)

    _make_outreach_lists(world)
    _make_asking(world)


def _make_asking(world: World) -> None:
    """A training and a script of both groups, each in use at a site."""
    made = {}
    for team, word in ((world.mine, "Own"), (world.other, "Strange")):
        by = world.users[Role.GROUP_LEAD]
        site = make_site(team=team)
        training = StaffTraining.objects.create(
            team=team,
            site=site,
            role="front_desk",
            topic="asking",
            trained_on=NOW.date(),
            due_on=NOW.date() + timedelta(days=365),
            trained_count=1,
            staff_count=2,
            who=f"{word} cedar clerk",
            logged_by=by,
        )
        script = AskingScript.objects.create(
            team=team, title=f"{word} cedar script", situation="why"
        )
        text = AskingText.objects.create(
            script=script, language="en", number=1, text=f"{word} cedar words"
        )
        use = ScriptUse.objects.create(
            team=team, site=site, text=text, starts_on=NOW.date(), noted_by=by
        )
        made[word] = {"training_id": training.pk, "script_id": script.pk, "use_id": use.pk}
    for part, own in made["Own"].items():
        world.provide(part, mine=own, other=made["Strange"][part], seen_by=_SEE_PROJECTS)
    for name in ("team", "new_training"):
        world.provide(
            f"asking:{name}.code",
            mine=world.mine.code,
            other=world.other.code,
            seen_by=_SEE_PROJECTS,
        )
    for mark in ("clerk", "script", "words"):
        world.mark(f"Strange cedar {mark}", seen_by=_SEE_PROJECTS)


def _make_outreach_lists(world: World) -> None:
    """Members of both groups' own files. Nobody outside a group's staff has its list, not even a director."""
    measure, period = Measure.objects.get(code="CBP"), Period.objects.get(label="2024")
    for team, code, word in (
        (world.mine, "own-system", "OWN"),
        (world.other, "strange-system", "STRANGE"),
    ):
        source = Source.objects.get(code=code)
        ids = [f"{word}-MRN-{number}" for number in range(3)]
        make_member_list(team, source=source, measure=measure, period=period, ids=ids)
    world.mark("STRANGE-MRN", seen_by=())
    for name in ("outreach_list", "outreach_file", "add_to_test", "remove_from_test"):
        world.provide(f"pdsa:{name}.code", mine=world.mine.code, other=world.other.code, seen_by=())
    world.share("pdsa:outreach_file.form", "csv")


def _report(world: World, team: Team, cycle_id: int, word: str) -> int:
    by = world.users[Role.GROUP_LEAD]
    return HeldPost.objects.create(
        post_type="pdsa.cycle",
        post_id=cycle_id,
        title=f"{word} reported cedar",
        team=team,
        author=by,
        reason="A name",
        reported_by=by,
        reported_at=NOW,
    ).pk
