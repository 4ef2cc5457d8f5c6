"""Files to take away: saved by the browser under their name, whose ending says what they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.http import HttpResponse, StreamingHttpResponse

from teams.exports import csv_lines

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "pdf": "application/pdf",
    "png": "image/png",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "svg": "image/svg+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Type": CONTENT_TYPES[name.rpartition(".")[2]],
        "Content-Disposition": f'attachment; filename="{name}"',
    }


def download(body: bytes | str, name: str) -> HttpResponse:
    """name: plain letters, digits, hyphens, dots; ends in one of `CONTENT_TYPES`."""
    return HttpResponse(body, headers=_headers(name))


def stream_csv(
    header: Sequence[str], rows: Iterable[Sequence[object]], name: str
) -> StreamingHttpResponse:
    """A table that may be long, sent row by row as it is read."""
    return StreamingHttpResponse(csv_lines(header, rows), headers=_headers(name))
