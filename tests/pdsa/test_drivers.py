"""Driver diagrams: what the keys do to the rows, undo, templates; refusals; the outline and its picture agree."""

from __future__ import annotations

import pytest

from pdsa.actions import drivers
from pdsa.actions.drivers import UNDO_STEPS
from pdsa.actions.library import load_library
from pdsa.diagrams.drivers import lay_out_drivers
from pdsa.enums import CycleState, Decision, DriverStatus
from pdsa.library.files import read_templates
from pdsa.models import Adoption, ChangeIdea, DiagramStep, Driver, IdeaPlacement, Project
from pdsa.queries.drivers import read_outline, to_diagram
from teams.enums import Role
from teams.errors import StateRefused
from teams.models import User
from tests.factories.cycles import NOW, make_cycle, make_idea, make_project
from tests.factories.local_measures import make_local_measure
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> User:
    return make_user(Role.GROUP_LEAD, team=make_team(name="Birch Health"))


@pytest.fixture
def project(lead: User) -> Project:
    team = lead.memberships.get().organisation.teams.get()
    return make_project(team, by=lead, title="Cedar")


def lines(project: Project) -> list[str]:
    """The outline as indented text."""
    return ["  " * row.depth + row.text for row in read_outline(project).rows]


class Pen:
    """Writes with one person and one time, so that a test reads as what is done."""

    def __init__(self, project: Project, by: User) -> None:
        self.project, self.who = project, {"by": by, "as_of": NOW}

    def driver(
        self, text: str, parent: Driver | None = None, after: Driver | None = None
    ) -> Driver:
        return drivers.add_driver(
            project=self.project, text=text, parent=parent, after=after, **self.who
        )

    def idea(self, driver: Driver, title: str) -> IdeaPlacement:
        return drivers.place_idea(driver=driver, title=title, **self.who)


@pytest.fixture
def pen(project: Project, lead: User) -> Pen:
    return Pen(project, lead)


@pytest.fixture
def small(pen: Pen) -> dict[str, Driver]:
    """Access (Hours: Evening clinic; Rides), Clinic (idea: Cuffs)."""
    access, clinic = pen.driver("Access"), pen.driver("Clinic")
    hours = pen.driver("Hours", access)
    rides = pen.driver("Rides", access)
    pen.idea(hours, "Evening clinic")
    pen.idea(clinic, "Cuffs")
    return {"access": access, "clinic": clinic, "hours": hours, "rides": rides}


START = ["Access", "  Hours", "    Evening clinic", "  Rides", "Clinic", "  Cuffs"]


def test_rows_stand_in_reading_order(project: Project, small: dict[str, Driver]) -> None:
    assert lines(project) == START


def test_new_row_stands_behind_the_one_it_came_from(
    project: Project, pen: Pen, small: dict[str, Driver]
) -> None:
    pen.driver("Trust", after=small["access"])
    assert [line for line in lines(project) if not line.startswith(" ")] == [
        "Access",
        "Trust",
        "Clinic",
    ]


def test_indent_and_outdent(project: Project, pen: Pen, small: dict[str, Driver]) -> None:
    drivers.indent_driver(driver=small["clinic"], **pen.who)
    assert lines(project) == [
        "Access",
        "  Hours",
        "    Evening clinic",
        "  Rides",
        "  Clinic",
        "    Cuffs",
    ]
    small["hours"].refresh_from_db()
    drivers.outdent_driver(driver=small["hours"], **pen.who)
    assert lines(project) == [
        "Access",
        "  Rides",
        "  Clinic",
        "    Cuffs",
        "Hours",
        "  Evening clinic",
    ]


def test_indent_refused_for_the_first_row(pen: Pen, small: dict[str, Driver]) -> None:
    with pytest.raises(StateRefused, match="no primary driver above"):
        drivers.indent_driver(driver=small["access"], **pen.who)


def test_indent_refused_below_the_second_level(pen: Pen, small: dict[str, Driver]) -> None:
    with pytest.raises(StateRefused, match="cannot go deeper"):
        drivers.indent_driver(driver=small["hours"], **pen.who)


def test_indent_refused_with_secondary_drivers(pen: Pen, small: dict[str, Driver]) -> None:
    last = pen.driver("Trust")
    pen.driver("Language", last)
    with pytest.raises(StateRefused, match="secondary drivers of its own"):
        drivers.indent_driver(driver=last, **pen.who)


def test_outdent_refused_at_the_first_level(pen: Pen, small: dict[str, Driver]) -> None:
    with pytest.raises(StateRefused, match="first level already"):
        drivers.outdent_driver(driver=small["access"], **pen.who)


def test_driver_refused_under_a_secondary_one(pen: Pen, small: dict[str, Driver]) -> None:
    with pytest.raises(StateRefused, match="change ideas"):
        pen.driver("Deep", small["hours"])


def test_ideas_move_between_levels(project: Project, pen: Pen, small: dict[str, Driver]) -> None:
    cuffs = IdeaPlacement.objects.get(idea__title="Cuffs")
    with pytest.raises(StateRefused, match="no secondary driver"):
        drivers.indent_idea(placement=cuffs, **pen.who)
    with pytest.raises(StateRefused, match="primary driver already"):
        drivers.outdent_idea(placement=cuffs, **pen.who)
    evening = IdeaPlacement.objects.get(idea__title="Evening clinic")
    moved = drivers.outdent_idea(placement=evening, **pen.who)
    assert moved.driver == small["access"]
    again = drivers.indent_idea(placement=moved, **pen.who)
    assert again.driver == small["rides"]


def test_moving_at_the_end_changes_nothing(
    project: Project, pen: Pen, small: dict[str, Driver]
) -> None:
    steps = DiagramStep.objects.count()
    drivers.move_driver(driver=small["access"], steps=-1, **pen.who)
    assert lines(project) == START
    assert DiagramStep.objects.count() == steps
    drivers.move_driver(driver=small["access"], steps=1, **pen.who)
    assert lines(project)[0] == "Clinic"


def test_an_idea_hangs_under_several_drivers_and_is_one_idea(
    project: Project, pen: Pen, small: dict[str, Driver]
) -> None:
    cuffs = IdeaPlacement.objects.get(idea__title="Cuffs")
    drivers.move_idea(placement=cuffs, to=small["hours"], keep=True, **pen.who)
    assert ChangeIdea.objects.filter(title="Cuffs").count() == 1
    rows = [row for row in read_outline(project).rows if row.text == "Cuffs"]
    assert [row.also_under for row in rows] == [("Clinic",), ("Hours",)]
    scene = lay_out_drivers(to_diagram(read_outline(project), "Aim"))
    assert [box.key for box in scene.boxes].count(f"i{cuffs.idea_id}") == 1
    assert sum(c.target == f"i{cuffs.idea_id}" for c in scene.connectors) == 2


def test_rename_refused_when_somebody_was_faster(pen: Pen, small: dict[str, Driver]) -> None:
    drivers.rename_driver(driver=small["hours"], text="Evening hours", seen="Hours", **pen.who)
    with pytest.raises(StateRefused, match="“Evening hours”"):
        drivers.rename_driver(driver=small["hours"], text="Opening", seen="Hours", **pen.who)
    idea = ChangeIdea.objects.get(title="Cuffs")
    with pytest.raises(StateRefused, match="“Cuffs”"):
        drivers.rename_idea(idea=idea, title="Home cuffs", seen="Cuff", **pen.who)


def test_rename_to_an_ideas_title_that_exists_is_refused(
    pen: Pen, small: dict[str, Driver]
) -> None:
    idea = ChangeIdea.objects.get(title="Cuffs")
    with pytest.raises(StateRefused, match="already"):
        drivers.rename_idea(idea=idea, title="Evening clinic", seen="Cuffs", **pen.who)
    idea.refresh_from_db()
    assert idea.title == "Cuffs"


def test_every_act_can_be_undone_to_what_stood_before(
    project: Project, pen: Pen, small: dict[str, Driver], lead: User
) -> None:
    evening = IdeaPlacement.objects.get(idea__title="Evening clinic")
    acts = [
        lambda: drivers.remove_driver(driver=small["access"], **pen.who),
        lambda: drivers.remove_idea(
            placement=IdeaPlacement.objects.get(idea__title="Cuffs"), **pen.who
        ),
        lambda: drivers.rename_driver(driver=small["rides"], text="Buses", seen="Rides", **pen.who),
        lambda: drivers.rename_idea(
            idea=evening.idea, title="Night clinic", seen="Evening clinic", **pen.who
        ),
        lambda: drivers.indent_driver(driver=Driver.objects.get(text="Clinic"), **pen.who),
        lambda: pen.driver("Trust"),
        lambda: pen.idea(small["rides"], "Vouchers"),
        lambda: drivers.move_driver(driver=small["access"], steps=1, **pen.who),
        lambda: drivers.describe_driver(
            driver=small["access"], owner="Owen", status=DriverStatus.NOW, measures=[], **pen.who
        ),
    ]
    for act in acts:
        act()
        assert drivers.undo_step(project=project, by=lead)
        assert lines(project) == START
        assert not Driver.objects.filter(project=project).exclude(owner="").exists()


def test_undo_goes_back_step_by_step_and_then_refuses(
    project: Project, pen: Pen, lead: User
) -> None:
    pen.driver("Access")
    pen.driver("Clinic")
    drivers.undo_step(project=project, by=lead)
    assert lines(project) == ["Access"]
    drivers.undo_step(project=project, by=lead)
    assert lines(project) == []
    with pytest.raises(StateRefused, match="nothing to undo"):
        drivers.undo_step(project=project, by=lead)


def test_steps_of_undo_are_limited(project: Project, pen: Pen) -> None:
    row = pen.driver("Access 0")
    for number in range(1, UNDO_STEPS + 3):
        drivers.rename_driver(
            driver=row, text=f"Access {number}", seen=f"Access {number - 1}", **pen.who
        )
    assert DiagramStep.objects.filter(project=project).count() == UNDO_STEPS


def test_deleting_a_driver_keeps_its_ideas_and_their_tests(
    project: Project, pen: Pen, small: dict[str, Driver], lead: User
) -> None:
    idea = ChangeIdea.objects.get(title="Evening clinic")
    cycle = make_cycle(project.team, by=lead, idea=idea)
    drivers.remove_driver(driver=small["access"], **pen.who)
    outline = read_outline(project)
    assert [loose.title for loose in outline.loose] == ["Evening clinic"]
    assert cycle.idea == idea


def test_tally_counts_tests_by_decision(project: Project, pen: Pen, lead: User) -> None:
    access = pen.driver("Access")
    idea = pen.idea(access, "Evening clinic").idea
    for state, decision in (
        (CycleState.CLOSED, Decision.ADAPT),
        (CycleState.CLOSED, Decision.ADAPT),
        (CycleState.CLOSED, Decision.ADOPT),
        (CycleState.DOING, Decision.ADOPT),
        (CycleState.PLANNED, Decision.ADOPT),
        (CycleState.CANCELLED, Decision.ADOPT),
    ):
        make_cycle(project.team, by=lead, idea=idea, state=state, decision=decision)
    row = read_outline(project).rows[1]
    assert row.tally.text == "5 tests: 1 adopt, 2 adapt, 1 running, 1 planned"


def test_template_brings_drivers_and_library_ideas_in_one_step(
    project: Project, pen: Pen, lead: User
) -> None:
    load_library()
    template = next(t for t in read_templates() if t.code == "equity")
    drivers.use_template(project=project, template=template, **pen.who)
    assert [row.text for row in read_outline(project).tree] == [
        text for text, _ in template.primary
    ]
    # The cuffs stand under two drivers and are one idea of the library.
    cuffs = Adoption.objects.get(library_idea__code="home-blood-pressure-cuffs").idea
    assert cuffs.placements.count() == 2
    drivers.undo_step(project=project, by=lead)
    assert lines(project) == []


def test_outline_asks_as_many_questions_for_three_drivers_as_for_one(
    project: Project, pen: Pen, django_assert_num_queries: object
) -> None:
    pen.idea(pen.driver("Access"), "Evening clinic")
    with django_assert_num_queries(7):  # type: ignore[operator]
        read_outline(project)
    for word in ("Clinic", "Trust"):
        pen.idea(pen.driver(word, pen.driver(f"Over {word}")), f"Idea {word}")
    with django_assert_num_queries(7):  # type: ignore[operator]
        read_outline(project)


def test_diagram_of_a_project_holds_its_own_drivers_only(
    project: Project, pen: Pen, lead: User
) -> None:
    pen.driver("Access")
    other = make_project(make_team(), by=lead, title="Other")
    make_idea(other, by=lead, title="Foreign idea")
    drivers.add_driver(project=other, text="Foreign driver", **pen.who)
    assert lines(project) == ["Access"]
    assert read_outline(project).loose == ()


def test_measures_of_the_project_stand_on_a_driver_and_undo_takes_them_off(
    project: Project, pen: Pen, lead: User
) -> None:
    measure = make_local_measure(project, by=lead, name="Plan changed in 30 days")
    driver = pen.driver("Care process")
    described = {"owner": "", "status": "", "measures": [], "by": lead, "as_of": NOW}
    drivers.describe_driver(driver=driver, local_measures=[measure], **described)
    assert read_outline(project).rows[0].notes == ("Measured by Plan changed in 30 days",)
    drivers.undo_step(project=project, by=lead)
    assert read_outline(project).rows[0].notes == ()
    other = make_local_measure(make_project(project.team, by=lead), by=lead)
    with pytest.raises(StateRefused, match="another project"):
        drivers.describe_driver(driver=driver, local_measures=[other], **described)
