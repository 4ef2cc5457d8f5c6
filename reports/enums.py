"""Choices of the reports app."""

from django.db.models import TextChoices


class CardState(TextChoices):
    """Where a report card stands. A draft follows the data; a published card never changes."""

    DRAFT = "draft", "Draft"
    REVIEWED = "reviewed", "Reviewed"
    PUBLISHED = "published", "Published"
    SUPERSEDED = "superseded", "Replaced by a newer card"
    WITHDRAWN = "withdrawn", "Withdrawn draft"


class DownloadFormat(TextChoices):
    PDF = "pdf", "PDF"
    XLSX = "xlsx", "XLSX"
    CSV = "csv", "CSV"
