"""Report cards: what was said about a group in a period, once said never changed."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reports.enums import CardState


class ReportCard(models.Model):
    """One card of a group, or of all groups together (no team: the public statewide card).

    A draft holds no numbers: they are worked out anew each time it is read. Publishing writes `content`
    and its hash, and from then on a trigger in the database refuses every change of them.
    """

    team = models.ForeignKey(
        "teams.Team",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="report_cards",
        help_text="Empty: all groups together, the public card.",
    )
    source = models.ForeignKey("measures.Source", models.PROTECT, related_name="report_cards")
    period = models.ForeignKey("measures.Period", models.PROTECT, related_name="report_cards")
    state = models.CharField(max_length=10, choices=CardState, default=CardState.DRAFT)
    commentary = models.TextField(
        blank=True, help_text="The payer's words to the reader, plain text."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Hash of the words and numbers that were reviewed."
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    superseded_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="supersedes"
    )
    content = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    content_sha256 = models.CharField(max_length=64, blank=True)
    method_version = models.CharField(max_length=20, blank=True)
    data_version = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CardState.values), name="card_state_known"
            ),
            models.UniqueConstraint(
                fields=["team", "source", "period"],
                condition=Q(state__in=[CardState.DRAFT, CardState.REVIEWED]),
                name="card_one_draft",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                fields=["team", "source", "period"],
                condition=Q(state=CardState.PUBLISHED),
                name="card_one_published",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(state__in=[CardState.DRAFT, CardState.WITHDRAWN])
                | Q(reviewed_by__isnull=False, reviewed_at__isnull=False) & ~Q(reviewed_sha256=""),
                name="card_reviewed_says_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[CardState.PUBLISHED, CardState.SUPERSEDED],
                    content__isnull=False,
                    data_version__isnull=False,
                    published_by__isnull=False,
                    published_at__isnull=False,
                )
                & ~Q(content_sha256="")
                & ~Q(method_version="")
                | Q(
                    state__in=[CardState.DRAFT, CardState.REVIEWED, CardState.WITHDRAWN],
                    content__isnull=True,
                    data_version__isnull=True,
                    published_by__isnull=True,
                    published_at__isnull=True,
                    content_sha256="",
                    method_version="",
                ),
                name="card_published_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state=CardState.SUPERSEDED, superseded_by__isnull=False)
                | ~Q(state=CardState.SUPERSEDED) & Q(superseded_by__isnull=True),
                name="card_superseded_by_one",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=CardState.WITHDRAWN,
                    withdrawn_by__isnull=False,
                    withdrawn_at__isnull=False,
                )
                | ~Q(state=CardState.WITHDRAWN)
                & Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True),
                name="card_withdrawn_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team.name if self.team else 'All groups'} {self.period}"

    @property
    def is_published(self) -> bool:
        """Also of a card that a newer one has replaced: it was published and can still be read."""
        return self.state in (CardState.PUBLISHED, CardState.SUPERSEDED)


class ProtectionCheck(models.Model):
    """The exact disclosure check of one period at one state of the data: made once, asked by every card."""

    source = models.ForeignKey("measures.Source", models.CASCADE, related_name="+")
    period = models.ForeignKey("measures.Period", models.CASCADE, related_name="+")
    data_version = models.PositiveIntegerField()
    method_version = models.CharField(max_length=20)
    checked_at = models.DateTimeField(db_default=Now())
    problem = models.TextField(
        blank=True, help_text="Names a cell that could be worked out; empty where there is none."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "period", "data_version", "method_version"],
                name="protectioncheck_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.period} version {self.data_version}: {self.problem or 'protected'}"
