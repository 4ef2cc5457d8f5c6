"""Two ledgers in double entry: the payer's money to the institute, the institute's money to the groups."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from grants.enums import Account, Book, PostingKind
from grants.models.awards import Award, Tranche
from grants.models.funds import Fund
from grants.models.money import MoneyField


class Posting(models.Model):
    """One movement of money. Its entries add up to zero; nothing of it is ever changed or deleted."""

    book = models.CharField(max_length=20, choices=Book)
    kind = models.CharField(max_length=20, choices=PostingKind)
    fund = models.ForeignKey(Fund, models.PROTECT, related_name="postings")
    award = models.ForeignKey(Award, models.PROTECT, null=True, blank=True, related_name="postings")
    tranche = models.ForeignKey(
        Tranche, models.PROTECT, null=True, blank=True, related_name="postings"
    )
    amount = MoneyField()
    on = models.DateField(help_text="Day on which the money moved.")
    reference = models.CharField(max_length=80, help_text="The bank's or the ledger's number.")
    note = models.TextField(blank=True)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    posted_at = models.DateTimeField()

    class Meta:
        ordering = ["on", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="posting_amount_positive"),
            models.CheckConstraint(condition=~Q(reference=""), name="posting_has_reference"),
            models.CheckConstraint(
                condition=Q(
                    book=Book.RECEIPTS,
                    kind=PostingKind.RECEIPT,
                    award__isnull=True,
                    tranche__isnull=True,
                )
                | Q(book=Book.DISBURSEMENTS, award__isnull=False, tranche__isnull=False)
                & ~Q(kind=PostingKind.RECEIPT),
                name="posting_book_fits",
            ),
            models.CheckConstraint(
                condition=Q(kind=PostingKind.FAILURE, reverses__isnull=False)
                | ~Q(kind=PostingKind.FAILURE) & Q(reverses__isnull=True),
                name="posting_failure_reverses",
            ),
            models.UniqueConstraint(
                fields=["kind", "reference", "tranche"],
                name="posting_reference_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount} ({self.reference})"


class LedgerEntry(models.Model):
    """One side of a posting: what an account gained (positive) or gave (negative)."""

    posting = models.ForeignKey(Posting, models.PROTECT, related_name="entries")
    account = models.CharField(max_length=20, choices=Account)
    amount = MoneyField()

    class Meta:
        ordering = ["posting", "id"]
        constraints = [
            models.UniqueConstraint(fields=["posting", "account"], name="entry_account_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="entry_not_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"
