"""Sections of a narrative report. Pure."""

from __future__ import annotations

#: Section → what it asks. In the order of the page.
SECTIONS: dict[str, str] = {
    "done": "What did you do in this period?",
    "numbers": "What do your measures show?",
    "learned": "What did you learn, also from what did not work?",
    "patients": "Whom did it reach, and what do patients say?",
    "help": "Where do you need help?",
    "next": "What comes next, and what will stay when the grant ends?",
}
#: Those that have to be answered before the report can be handed in.
NEEDED = ("done", "learned", "next")
