"""Process maps: order of steps, putting back, and what the database refuses."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from pdsa.actions import process_maps
from pdsa.enums import StepKind
from pdsa.models import ProcessMap, ProcessStep
from pdsa.queries.process_maps import find_removed_step, list_steps, to_steps
from teams.enums import Role
from teams.models import User
from tests.factories.aims import make_map
from tests.factories.cycles import NOW, make_project
from tests.factories.people import make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> User:
    return make_user(Role.GROUP_LEAD, team=make_team())


@pytest.fixture
def visit(lead: User) -> ProcessMap:
    return make_map(make_project(make_team(), by=lead), by=lead)


def texts(visit: ProcessMap) -> list[str]:
    return [step.text for step in list_steps(visit)]


def add(visit: ProcessMap, text: str, by: User, after: ProcessStep | None = None) -> ProcessStep:
    values = {"text": text, "actor": "Nurse"}
    return process_maps.add_step(process_map=visit, values=values, after=after, by=by)


def test_step_goes_behind_another_or_to_the_end(visit: ProcessMap, lead: User) -> None:
    add(visit, "End", lead)
    add(visit, "Middle", lead, after=list_steps(visit)[0])
    assert texts(visit) == ["Call", "Middle", "Wait", "End"]
    assert [step.position for step in list_steps(visit)] == [1, 2, 3, 4]


def test_steps_move_and_stop_at_the_ends(visit: ProcessMap, lead: User) -> None:
    first = list_steps(visit)[0]
    process_maps.move_step(step=first, steps=-1, by=lead)
    assert texts(visit) == ["Call", "Wait"]
    process_maps.move_step(step=first, steps=1, by=lead)
    assert texts(visit) == ["Wait", "Call"]


def test_removed_step_comes_back_where_it_was(visit: ProcessMap, lead: User) -> None:
    middle = add(visit, "Middle", lead, after=list_steps(visit)[0])
    process_maps.remove_step(step=middle, by=lead, as_of=NOW)
    assert texts(visit) == ["Call", "Wait"]
    removed = find_removed_step(visit)
    assert removed == middle
    process_maps.restore_step(step=middle, by=lead)
    assert texts(visit) == ["Call", "Middle", "Wait"]
    assert find_removed_step(visit) is None


def test_branch_to_a_removed_step_is_not_drawn(visit: ProcessMap, lead: User) -> None:
    first, last = list_steps(visit)
    values = {"kind": StepKind.DECISION, "branch_to": last, "branch_label": "No"}
    process_maps.change_step(step=first, values=values, by=lead)
    assert to_steps(list_steps(visit))[0].branch_to == str(last.pk)
    process_maps.remove_step(step=last, by=lead, as_of=NOW)
    assert to_steps(list_steps(visit))[0].branch_to == ""


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"minutes": Decimal(-1)}, "numbers_make_sense"),
        ({"lost_percent": Decimal(101)}, "numbers_make_sense"),
        ({"text": ""}, "has_text_and_actor"),
        ({"kind": "loop"}, "kind_known"),
    ],
)
def test_database_refuses_what_makes_no_sense(
    values: dict[str, object], constraint: str, visit: ProcessMap
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ProcessStep.objects.filter(process_map=visit).update(**values)
