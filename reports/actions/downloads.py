"""Results that leave the system as files are written down, with what was chosen and by whom."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from teams.actions.audit import record_event
from teams.models import Team, User


@transaction.atomic
def record_results_download(
    *, what: str, form: str, parameters: dict[str, Any], team: Team | None, by: User
) -> None:
    """Write down one download of a page's numbers or of a chart.

    what: name of the file without its ending; form: csv, svg or png; parameters: the filters.
    Effects: one audit event in the caller's transaction.
    """
    record_event(
        act="download_results",
        target=f"results:{what}",
        by=by,
        team=team,
        details={"form": form, "filters": parameters},
    )
