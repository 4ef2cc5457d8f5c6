"""Tables of the grants app: funds, awards and what belongs to them, two ledgers, reports."""

from grants.models.awards import (
    Amendment,
    Award,
    AwardEvent,
    AwardVersion,
    BudgetLine,
    BudgetVersion,
    Milestone,
    Tranche,
    TrancheApproval,
)
from grants.models.funds import BudgetCategory, Fund, GrantRules
from grants.models.ledger import LedgerEntry, Posting
from grants.models.reports import ActualLine, GrantReport, ReportVersion

__all__ = [
    "ActualLine",
    "Amendment",
    "Award",
    "AwardEvent",
    "AwardVersion",
    "BudgetCategory",
    "BudgetLine",
    "BudgetVersion",
    "Fund",
    "GrantReport",
    "GrantRules",
    "LedgerEntry",
    "Milestone",
    "Posting",
    "ReportVersion",
    "Tranche",
    "TrancheApproval",
]
