"""What stories and tests are about, and what a person can follow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from learning.enums import FollowKind
from learning.models import Story
from measures.queries import list_patient_groups
from pdsa.library.files import read_library
from teams.models import Team


@dataclass(frozen=True)
class TopicChoice:
    """One thing that can be followed. value: a code of the library, a stratum's id, or a team's code."""

    kind: FollowKind
    value: str
    label: str


@lru_cache(maxsize=1)
def library_topics() -> tuple[TopicChoice, ...]:
    """Topics and drivers of the library of change ideas, which is a file of the programme."""
    library = read_library()
    return (
        *(TopicChoice(FollowKind.TOPIC, code, name) for code, name in library.topics.items()),
        *(TopicChoice(FollowKind.DRIVER, code, name) for code, name in library.drivers.items()),
    )


def list_topic_choices() -> list[TopicChoice]:
    """Everything that can be followed: topics, drivers, groups of patients, and groups that tell with their name."""
    return [
        *library_topics(),
        *(
            TopicChoice(FollowKind.STRATUM, str(stratum.pk), stratum.label)
            for stratum in list_patient_groups()
        ),
        *(TopicChoice(FollowKind.TEAM, team.code, team.name) for team in Team.objects.all()),
    ]


def topics_of_story(story: Story) -> set[tuple[str, str]]:
    """What a story is about, as (kind, value). Its group only when it is told with the name."""
    found = {(FollowKind.TOPIC, story.topic), (FollowKind.DRIVER, story.driver)}
    if story.focus_stratum_id is not None:
        found.add((FollowKind.STRATUM, str(story.focus_stratum_id)))
    if story.is_named:
        found.add((FollowKind.TEAM, story.team.code))
    return {(str(kind), value) for kind, value in found if value}
