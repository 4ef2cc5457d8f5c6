"""With whom the programme compares: rules settled in advance, each a version that stays."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from measures.enums import ReferenceStrategy
from measures.stats.references import ENOUGH
from measures.stats.reliability import LEAST_DENOMINATOR


class ReferenceSetting(models.Model):
    """One version of the rule that chooses the reference of a stratum set, from a measurement year on.

    For a year holds the highest version whose `from_year` is not after it; where there is none, the
    stratum that the definitions name. Versions are never changed: another decision is another version.
    """

    stratum_set = models.ForeignKey(
        "measures.StratumSet", models.PROTECT, related_name="reference_settings"
    )
    version = models.PositiveSmallIntegerField()
    from_year = models.PositiveSmallIntegerField(help_text="First measurement year that it is for.")
    strategy = models.CharField(max_length=10, choices=ReferenceStrategy)
    stratum = models.ForeignKey(
        "measures.Stratum",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="Of the rule that names one.",
    )
    least_n = models.PositiveIntegerField(
        default=ENOUGH, help_text="People that a group needs to be chosen as the best."
    )
    reason = models.TextField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    set_at = models.DateTimeField(db_default=Now())
    step_count = models.PositiveIntegerField(
        default=0, help_text="Sources and periods whose results are to be worked out anew."
    )
    done_count = models.PositiveIntegerField(default=0)
    applied_at = models.DateTimeField(null=True, help_text="When all results followed the rule.")

    class Meta:
        ordering = ["stratum_set__position", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["stratum_set", "version"], name="referencesetting_version_once"
            ),
            models.CheckConstraint(
                condition=Q(strategy__in=ReferenceStrategy.values),
                name="referencesetting_strategy_known",
            ),
            models.CheckConstraint(
                condition=Q(strategy=ReferenceStrategy.NAMED, stratum__isnull=False)
                | (~Q(strategy=ReferenceStrategy.NAMED) & Q(stratum__isnull=True)),
                name="referencesetting_names_a_stratum",
            ),
            models.CheckConstraint(
                condition=Q(least_n__gte=LEAST_DENOMINATOR), name="referencesetting_enough_people"
            ),
            models.CheckConstraint(
                condition=Q(done_count__lte=F("step_count")), name="referencesetting_steps_fit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stratum_set_id} version {self.version}: {self.strategy}"
