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
from grants.models.calls import Application, Call, Review
from grants.models.funds import BudgetCategory, Fund, FundVersion, GrantRules
from grants.models.ledger import LedgerEntry, Posting
from grants.models.plans import (
    PlanAssumption,
    PlanChange,
    PlanLine,
    PlanVersion,
    SustainabilityPlan,
)
from grants.models.reports import ActualLine, GrantReport, ReportVersion
from grants.models.sheets import AwardSheet, SheetMapping

__all__ = [
    "ActualLine",
    "Amendment",
    "Application",
    "Award",
    "AwardEvent",
    "AwardSheet",
    "AwardVersion",
    "BudgetCategory",
    "BudgetLine",
    "BudgetVersion",
    "Call",
    "Fund",
    "FundVersion",
    "GrantReport",
    "GrantRules",
    "LedgerEntry",
    "Milestone",
    "PlanAssumption",
    "PlanChange",
    "PlanLine",
    "PlanVersion",
    "Posting",
    "ReportVersion",
    "Review",
    "SheetMapping",
    "SustainabilityPlan",
    "Tranche",
    "TrancheApproval",
]
