"""A card as a file to take away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reports.cards.csv_file import render_csv
from reports.cards.pdf import render_pdf
from reports.cards.xlsx_file import render_xlsx
from reports.enums import DownloadFormat


def render_file(
    file_format: DownloadFormat,
    content: Mapping[str, Any],
    card: Mapping[str, Any],
    *,
    made_at: datetime | None,
) -> bytes:
    """content: of the card; card: the same content as `present_card` gives it."""
    if file_format == DownloadFormat.PDF:
        return render_pdf(card, made_at=made_at)
    if file_format == DownloadFormat.XLSX:
        return render_xlsx(content, card, made_at=made_at)
    return render_csv(content)


def file_name(content: Mapping[str, Any], file_format: DownloadFormat, *, draft: bool) -> str:
    """ "equity-report-card-harbor-ridge-2024.pdf": letters, digits and hyphens only."""
    name = content["group"]["name"] if content["group"] else "all-groups"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "group"
    ending = "-draft" if draft else ""
    return f"equity-report-card-{slug}-{content['period']['label']}{ending}.{file_format.value}"
