"""Writes of the evaluation: pseudonyms, released texts, and a note of every file that leaves."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from learning.models import MonthlyReport, Pseudonym, ReleasedText
from learning.queries.identities import get_name_finder, list_teams_without_pseudonym
from learning.queries.releases import REPORT_TEXTS, TEST_TEXTS
from teams.actions.audit import record_event
from teams.errors import StateRefused
from teams.models import Team, User

#: Without letters and digits that look alike. Four of them: more than half a million pseudonyms.
_SIGNS = "ACDEFHJKLMNPQRTUVWXY34679"
_LENGTH = 4


def draw_pseudonyms(*, by: User | None) -> int:
    """Give every team that has none its pseudonym. Returns how many were drawn.

    Drawn by the operating system's randomness and in a shuffled order: neither the pseudonym nor when it was
    made says which team it is. Effects: the rows, one audit event that names no team.
    """
    drawn = 0
    teams = list(list_teams_without_pseudonym().values_list("pk", flat=True))
    if not teams:
        return 0
    secrets.SystemRandom().shuffle(teams)
    with transaction.atomic():
        for team_id in teams:
            drawn += _draw(team_id)
        if drawn:
            record_event(
                act="draw_pseudonyms",
                target="evaluation:pseudonyms",
                by=by,
                details={"count": drawn},
            )
    return drawn


def _draw(team_id: int) -> int:
    while True:
        code = "T-" + "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
        try:
            with transaction.atomic():
                made = Pseudonym.objects.get_or_create(team_id=team_id, defaults={"code": code})[1]
        except IntegrityError:  # the code is another team's: draw again
            continue
        return int(made)


@transaction.atomic
def release_text(*, target: Any, field: str, text: str, by: User) -> ReleasedText:
    """Give one text of a monthly report or a test to the evaluators, in these words.

    target: a MonthlyReport or a cycle of the user's own team. What was released of it before is replaced.
    Effects: the row, an audit event without the words.
    Raises StateRefused for a text that cannot be released, without words, or that names a group, a site, a place
    of theirs or a person of the programme.
    """
    is_report = isinstance(target, MonthlyReport)
    if field not in (REPORT_TEXTS if is_report else TEST_TEXTS):
        raise StateRefused("This text cannot be released.")
    text = text.strip()
    if not text:
        raise StateRefused("There are no words to release.")
    finder = get_name_finder()
    if named := list(dict.fromkeys(text[start:end] for start, end, _ in finder.find(text))):
        said = ", ".join(f"“{name}”" for name in named)
        raise StateRefused(f"The text names {said}. Write it without names, then release it.")
    team: Team = target.team if is_report else target.idea.project.team
    of = {"report": target} if is_report else {"cycle_id": target.pk}
    released, _ = ReleasedText.objects.update_or_create(
        **of, field=field, defaults={"team": team, "text": text, "released_by": by}
    )
    record_event(act="release_text", target=released, by=by, team=team, details={"field": field})
    return released


@transaction.atomic
def take_back_text(*, released: ReleasedText, by: User) -> None:
    """The evaluators read it no more; a file taken before keeps it. Effects: the row is gone, an audit event."""
    record_event(
        act="take_back_text",
        target=released,
        by=by,
        team=released.team,
        details={"field": released.field},
    )
    released.delete()


@transaction.atomic
def record_evaluation_download(*, what: str, form: str, tables: Sequence[str], by: User) -> None:
    """Write down that somebody took a file of the evaluation. Effects: one audit event."""
    record_event(
        act="download_evaluation",
        target=f"evaluation:{what}",
        by=by,
        details={"form": form, "tables": list(tables)},
    )
