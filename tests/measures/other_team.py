"""Submissions and results of two teams for the walk over every address."""

from __future__ import annotations

from measures.models import PartialUpload, Source
from teams.enums import Role
from teams.models import Team
from tests.addresses import World
from tests.factories import results
from tests.factories.people import make_user

#: Who sees named results of every group.
_SEE_RESULTS = {Role.PROGRAMME_DIRECTOR, Role.PAYER_ANALYST}


def _make_upload(source: Source, team: Team, file_name: str) -> PartialUpload:
    return PartialUpload.objects.create(
        source=source,
        user=make_user(Role.GROUP_LEAD, team=team),
        file_name=file_name,
        byte_count=100,
    )


def build(world: World) -> None:
    own = results.make_source(team=world.mine, code="own-system", name="Own system")
    strange = results.make_source(team=world.other, code="strange-system", name="Strange system")
    world.provide(
        "submission_id",
        mine=results.make_submission(own, file_name="own-file.csv").pk,
        other=results.make_submission(strange, file_name="strange-file.csv").pk,
        seen_by=(),
    )
    world.provide(
        "upload_id",
        mine=_make_upload(own, world.mine, "own-part.csv").pk,
        other=_make_upload(strange, world.other, "strange-part.csv").pk,
        seen_by=(),
    )
    # Somebody's own, who may only be who began it.
    world.mark("strange-part", seen_by=())
    # A file belongs to who sent it; not even those who see the results see it.
    world.mark("strange-file", seen_by=())
    # The director reads a group's own system beside the payer's data.
    world.mark("Strange system", seen_by={Role.PROGRAMME_DIRECTOR})
    world.mark("strange-system", seen_by={Role.PROGRAMME_DIRECTOR})

    made = results.make_world()
    results.make_results(made, world.mine, {"nh_white": (4121, 6317), "nh_black": (912, 1733)})
    results.make_results(made, world.other, {"nh_white": (43219, 87541), "nh_black": (7393, 18461)})
    results.make_results(made, None, {"nh_white": (47340, 93858), "nh_black": (8305, 20194)})
    for number in ("43219", "87541", "18461", "43,219", "87,541", "18,461"):
        world.mark(number, seen_by=_SEE_RESULTS)
    world.share("measure", made.measure.code)
    world.share("set_code", "combined")
    world.share("api_measure.code", made.measure.code)
