"""Names of groups, sites and people in free text."""

from __future__ import annotations

import pytest

from learning.deidentify import KnownName, name_finder, short_name

FINDER = name_finder(
    [
        KnownName("group", "Harborlight Medical Group"),
        KnownName("group", "Three Lanterns Care Network"),
        KnownName("group", "Community Health Partners"),
        KnownName("group", "G07"),
        KnownName("site", "Harborlight Dorchester"),
        KnownName("place", "Dorchester"),
        KnownName("person", "Dr. Ruth Abernathy"),
        KnownName("person", "Ines Black"),
    ]
)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Harborlight Medical Group", "Harborlight"),
        ("Three Lanterns Care Network", "Three Lanterns"),
        ("Community Health Partners", ""),
        ("Bay Care", ""),
    ],
)
def test_what_people_say_for_short(name: str, short: str) -> None:
    assert short_name(name) == short


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("At Harborlight we tried it", "At [group] we tried it"),
        ("HARBORLIGHT MEDICAL GROUP", "[group]"),
        ("the harborlight of the bay", "the harborlight of the bay"),
        ("Three Lanterns did", "[group] did"),
        ("community health partners of ours", "[group] of ours"),
        ("our community partners", "our community partners"),
        ("G07 and G071", "[group] and G071"),
        ("Harborlight Dorchester opened", "[site] opened"),
        ("patients from Dorchester", "patients from [place]"),
        ("Ruth Abernathy, Dr. Abernathy and Ruth J. Abernathy", "[person], [person] and [person]"),
        ("Black patients and Dr. Black", "Black patients and [person]"),
        ("write to a.b@c.org", "write to [e-mail]"),
    ],
)
def test_masking(text: str, masked: str) -> None:
    assert FINDER.mask(text) == masked


def test_nobody_known_finds_nothing_but_details() -> None:
    assert name_finder([]).said("Ask Harborlight or Mrs. Alvarez") == ["Alvarez"]
