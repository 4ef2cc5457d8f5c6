"""The demo's story of tests is whole: every word in it is one that the tables know."""

from __future__ import annotations

import tomllib

from collaborative.demo.tests_of_change import STORY
from collaborative.demo.world import read_world
from pdsa.enums import CycleKind, Decision, Match, Sharing
from teams.personal_details import find_personal_details

RAMPS = tomllib.loads(STORY.read_text("utf-8"))["ramp"]
TESTS = [(ramp, test) for ramp in RAMPS for test in ramp["tests"]]


def test_every_group_has_a_ramp_and_every_decision_is_there() -> None:
    assert {ramp["team"] for ramp in RAMPS} == {group.code for group in read_world().groups}
    assert {test.get("decision") for _, test in TESTS} == {None, *Decision.values}
    assert {test.get("share") for _, test in TESTS} == {None, Sharing.UNNAMED, Sharing.NAMED}


def test_words_are_known_and_days_in_order() -> None:
    for ramp in RAMPS:
        ago = [test["ago"] for test in ramp["tests"]]
        assert ago == sorted(ago, reverse=True), ramp["idea"]
    for ramp, test in TESTS:
        assert test.get("kind", "test") in CycleKind.values
        assert test.get("match", "yes") in Match.values
        if "decision" in test and not ramp.get("done"):
            assert {"did", "came", "got", "match", "learned", "focus"} <= set(test), test["try"]


def test_story_names_no_patient() -> None:
    for _, test in TESTS:
        for text in test.values():
            assert find_personal_details(str(text)) == []
