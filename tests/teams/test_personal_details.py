"""Personal details in free text: what is found, what is not, and what a mask leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams.personal_details import (
    find_personal_details,
    mask_personal_details,
    new_personal_details,
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Called Mrs. Jones twice.", "Called Mrs. [name] twice."),
        ("Ms Maria de la Cruz came", "Ms [name] came"),
        ("Sra. Peña-Ortiz said yes", "Sra. [name] said yes"),
        ("patient John Smith refused", "patient [name] refused"),
        ("pt. Ana M. Lopez", "pt. [name]"),
        ("DOB 3/4/57", "DOB [date of birth]"),
        ("born on March 3, 1961 in Lynn", "born on [date of birth] in Lynn"),
        ("date of birth: 2019-05-02", "date of birth: [date of birth]"),
        ("she (04/12/1949) lives alone", "she ([date of birth]) lives alone"),
        ("MRN 0048812", "MRN [record number]"),
        ("medical record number: AB-99123", "medical record number: [record number]"),
        ("SSN 123-45-6789", "SSN [record number]"),
        ("call (617) 555-0142", "call [phone]"),
        ("617-555-0142 or +1 617.555.0143", "[phone] or [phone]"),
        ("write to jane.doe@example.org.", "write to [e-mail]."),
    ],
)
def test_personal_detail_is_found_and_masked(text: str, masked: str) -> None:
    assert mask_personal_details(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Abernathy reviewed the readings of 5 patients.",
        "We predict 12 of 20 patients below 140/90 by 12/15/2025.",
        "Started 2025-03-04, ended 2025-03-18; weeks 10-12.",
        "Patient Portal messages and the Patient Advisory Council",
        "patient Black Hispanic outreach",
        "The patient Maria's sister translated.",
        "BP 152-148-139 in three visits, 1 200 calls, 617 patients, zip 02118-1234",
        "Room 120-130-1402 is free",
        "Sr Director and Ms Teams call",
        "Member Services answers in 2 days; account 12",
        "ICD-10 E11.9, CPT 99213, HbA1c 9.1",
        "May 2024 to June 2025",
        "a record of 48812 calls",
        "Don asked the front desk",
    ],
)
def test_ordinary_notes_are_left_alone(text: str) -> None:
    assert find_personal_details(text) == []


def test_finds_say_where_they_are() -> None:
    text = "Mr. Okafor, MRN 123456, 617-555-0142"
    assert [(d.kind, text[d.start : d.end]) for d in find_personal_details(text)] == [
        ("a name", "Okafor"),
        ("a record number", "123456"),
        ("a phone number", "617-555-0142"),
    ]


def test_kept_once_is_not_asked_again() -> None:
    before = "Mrs. Jones agreed."
    assert new_personal_details(before + " More.", before) == []
    assert [d.text for d in new_personal_details(before + " So did Mr. Diaz.", before)] == ["Diaz"]


@given(st.text(max_size=200))
def test_any_text_can_be_masked_and_masking_leaves_nothing_to_find(text: str) -> None:
    masked = mask_personal_details(text)
    assert mask_personal_details(masked) == masked
