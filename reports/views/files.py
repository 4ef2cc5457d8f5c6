"""Results as a file: written down, named by what they are, and sent, in the request's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import HttpResponse

from reports.actions.downloads import record_results_download
from teams.exports import csv_lines
from teams.models import Team
from teams.requests import ScopedRequest
from teams.views.downloads import download


def result_file(
    request: ScopedRequest,
    body: str | bytes,
    *,
    name: str,
    form: str,
    parameters: Mapping[str, Any],
    team: Team | None = None,
    of: Sequence[str] = (),
) -> HttpResponse:
    """A download called `name-team-of….form`.

    name: what it is, also on the audit trail. form: csv, xlsx, svg, png or pptx. parameters: the filters that
    were chosen. team: None for all groups. of: period and stratum set, where the file has them.
    Effects: one audit event.
    """
    record_results_download(
        what=name,
        form=form,
        parameters=dict(parameters),
        team=team,
        by=request.user,
    )
    file_name = "-".join([name, team.code if team else "programme", *of])
    return download(body, f"{file_name}.{form}")


def csv_body(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """The whole CSV: its rows are at hand and few, so that record and file share a transaction."""
    return "".join(csv_lines(columns, lines))
