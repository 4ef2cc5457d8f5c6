"""Details of a person in free text: found before they are stored, so that they can be masked.

PURE. Rules are written for short notes of clinic staff in US English. They would rather miss an unusual
spelling than warn about every capital letter: a warning that is mostly wrong is soon ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class PersonalDetail:
    """One find. start, end: characters of the text; kind: what it looks like, in words."""

    kind: str
    text: str
    start: int
    end: int


_NAME = r"[A-ZÀ-Þ][a-zà-ÿ]+(?:[-’'][A-ZÀ-Þ]?[a-zà-ÿ]+)?"
_NAMES = rf"{_NAME}(?:\s+(?:(?:de|del|da|dos|van|von|la)\s+){{0,2}}(?:[A-Z]\.|{_NAME})){{0,2}}"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = (
    r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2}"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}|\d{{1,2}}\s+{_MONTH}\s+\d{{4}})"
)
#: A whole date in one of these years is a birth date: tests of change are younger.
_OLD_YEAR = r"(?:19\d{2}|200\d|201[0-5])"
_OLD_DATE = (
    rf"(?:\d{{1,2}}[/.-]\d{{1,2}}[/.-]{_OLD_YEAR}|{_OLD_YEAR}-\d{{2}}-\d{{2}}"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+{_OLD_YEAR}|\d{{1,2}}\s+{_MONTH}\s+{_OLD_YEAR})"
)
#: Words after "patient" that begin the name of a thing.
_THINGS = frozenset(
    [
        "Access",
        "Advisory",
        "Advocate",
        "Care",
        "Centered",
        "Council",
        "Education",
        "Experience",
        "Family",
        "First",
        "Health",
        "Home",
        "Interpreter",
        "Line",
        "Medical",
        "Navigation",
        "Navigator",
        "Navigators",
        "Outreach",
        "Panel",
        "Partner",
        "Partners",
        "Portal",
        "Protection",
        "Registration",
        "Registry",
        "Relations",
        "Safety",
        "Satisfaction",
        "Service",
        "Services",
        "Survey",
        "Transport",
        "Voice",
        "Asian",
        "Black",
        "Hispanic",
        "Latino",
        "Latina",
        "White",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
        "English",
        "Spanish",
        "Portuguese",
        "Haitian",
        "Creole",
        "Vietnamese",
        "Chinese",
        "Khmer",
        "Arabic",
    ]
)

_RULES: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    (
        "an e-mail address",
        "[e-mail]",
        re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}"),
    ),
    (
        "a social security number",
        "[record number]",
        re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"),
    ),
    (
        "a phone number",
        "[phone]",
        re.compile(
            r"(?<![\w(.-])(?:\+?1[\s.-]?)?(?:\([2-9]\d{2}\)\s?|[2-9]\d{2}[\s.-])[2-9]\d{2}[\s.-]\d{4}(?![\w-])"
        ),
    ),
    (
        "a record number",
        "[record number]",
        re.compile(
            r"\b(?:mrn|medical\s+record(?:\s+(?:no|number))?|chart\s+(?:no|number)|record\s+(?:no|number)"
            r"|member\s+id|patient\s+id|account\s+(?:no|number))\b[\s.:#]*(?:is\s+)?"
            r"(?P<find>[A-Z]{0,3}-?\d[\d-]{3,})",
            re.IGNORECASE,
        ),
    ),
    (
        "a date of birth",
        "[date of birth]",
        re.compile(
            rf"\b(?:dob|d\.o\.b\.|born(?:\s+on)?|birth\s?date|date\s+of\s+birth|birthday)\b[\s:]*(?:is\s+)?"
            rf"(?P<find>{_DATE})",
            re.IGNORECASE,
        ),
    ),
    (
        "a date of birth",
        "[date of birth]",
        re.compile(rf"(?<![\w/.-]){_OLD_DATE}(?![\w/-])", re.IGNORECASE),
    ),
    (
        "a name",
        "[name]",
        re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Sr|Sra|Señora?|Don|Doña)\b\.?\s+(?P<find>{_NAMES})"),
    ),
    (
        "a name",
        "[name]",
        re.compile(
            rf"\b(?:[Pp]atient|[Pp]t\.?|PATIENT)\s+(?P<find>{_NAME}\s+(?:[A-Z]\.\s+)?{_NAME})"
        ),
    ),
)
_MASKS = {kind: mask for kind, mask, _ in _RULES}


def find_personal_details(text: str) -> list[PersonalDetail]:
    """What looks like a detail of a person, in the order of the text; finds do not overlap."""
    found: list[PersonalDetail] = []
    for kind, _, rule in _RULES:
        for match in rule.finditer(text):
            group = "find" if "find" in rule.groupindex else 0
            start, end = match.span(group)
            words = match.group(group)
            if kind == "a name" and words.split()[0] in _THINGS | _LAST_OF_THINGS:
                continue
            if kind == "a name" and words.split()[-1] in _THINGS:
                continue
            if all(end <= other.start or start >= other.end for other in found):
                found.append(PersonalDetail(kind, words, start, end))
    return sorted(found, key=lambda detail: detail.start)


#: "Ms" and "Sr" stand in front of other things too: "Sr Director", "Ms Teams".
_LAST_OF_THINGS = frozenset(
    ["Teams", "Excel", "Word", "Director", "Manager", "Analyst", "Nurse", "Leader", "Vice"]
)


def mask_personal_details(text: str) -> str:
    """The text with every find replaced by what it was: "Mrs. [name]"."""
    for detail in reversed(find_personal_details(text)):
        text = text[: detail.start] + _MASKS[detail.kind] + text[detail.end :]
    return text


def new_personal_details(text: str, before: str) -> list[PersonalDetail]:
    """Finds that an earlier text did not hold: what somebody has kept once is not asked about again."""
    known = {detail.text for detail in find_personal_details(before)}
    return [detail for detail in find_personal_details(text) if detail.text not in known]
