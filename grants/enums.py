"""Choices of the grants app. The stored value is the readable word."""

from django.db.models import TextChoices


class AwardKind(TextChoices):
    PARTICIPATION = "participation", "Participation"
    INFRASTRUCTURE = "infrastructure", "Infrastructure"
    PILOT = "pilot", "Pilot"
    SUPPLEMENTAL = "supplemental", "Supplemental"


class AwardState(TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    IN_REVIEW = "in_review", "In review"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    APPROVED = "approved", "Approved"
    AGREEMENT_OUT = "agreement_out", "Agreement sent"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    CLOSING = "closing", "Closing"
    CLOSED = "closed", "Closed"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    TERMINATED = "terminated", "Terminated"


class TrancheState(TextChoices):
    SCHEDULED = "scheduled", "Scheduled"
    CONDITIONS_OPEN = "conditions_open", "Conditions open"
    READY = "ready", "Ready"
    RECOMMENDED = "recommended", "Recommended"
    APPROVED_PROGRAMME = "approved_programme", "Approved by the programme"
    APPROVED_FINANCE = "approved_finance", "Approved by finance"
    PAID = "paid", "Paid"
    PAYMENT_FAILED = "payment_failed", "Payment failed"
    ON_HOLD = "on_hold", "On hold"
    CANCELLED = "cancelled", "Cancelled"
    RETURNED = "returned", "Returned"


class ApprovalStep(TextChoices):
    """In the order in which a payment passes them."""

    OVERRIDE = "override", "Paid without its conditions"
    RECOMMENDATION = "recommendation", "Recommended"
    PROGRAMME = "programme", "Approved by the programme"
    FINANCE = "finance", "Approved by finance"
    FINANCE_SECOND = "finance_second", "Approved by a second person of finance"


class MilestoneState(TextChoices):
    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    WAIVED = "waived", "Waived"


class ReportKind(TextChoices):
    FINANCIAL = "financial", "Financial report"
    NARRATIVE = "narrative", "Narrative report"


class ReportState(TextChoices):
    SCHEDULED = "scheduled", "Scheduled"
    DUE = "due", "Due"
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    ACCEPTED = "accepted", "Accepted"


class AmendmentKind(TextChoices):
    BUDGET = "budget", "Move money between budget lines"
    EXTENSION = "extension", "More time, same money"
    SCOPE = "scope", "Change what is done"
    KEY_PERSON = "key_person", "Change a key person"
    AMOUNT = "amount", "Change the amount"
    SCHEDULE = "schedule", "Change payments or milestones"


class AmendmentState(TextChoices):
    SUBMITTED = "submitted", "Submitted"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Book(TextChoices):
    """The two ledgers: what the payer gave to the institute, and what the institute gave to the groups."""

    RECEIPTS = "receipts", "Payer to institute"
    DISBURSEMENTS = "disbursements", "Institute to group"


class Account(TextChoices):
    PAYER = "payer", "Payer"
    INSTITUTE = "institute", "Institute"
    GROUP = "group", "Group"


class PostingKind(TextChoices):
    RECEIPT = "receipt", "Received from the payer"
    PAYMENT = "payment", "Paid to the group"
    FAILURE = "failure", "Payment failed and came back"
    RETURN = "return", "Returned by the group"


class CallState(TextChoices):
    DRAFT = "draft", "Draft"
    OPEN = "open", "Open"
    DECIDED = "decided", "Decided"


class ApplicationState(TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    WITHDRAWN = "withdrawn", "Withdrawn"
    AWARDED = "awarded", "Awarded"
    DECLINED = "declined", "Declined"


class PlanDecision(TextChoices):
    UNDECIDED = "undecided", "Undecided"
    EMBED = "embed", "Embed as it is"
    SCALE = "scale", "Scale to more places"
    STOP = "stop", "Stop"


class PlanSide(TextChoices):
    NEED = "need", "What it costs"
    SOURCE = "source", "Where the money comes from"


class PlanSource(TextChoices):
    GRANT = "grant", "Grant"
    OPERATING = "operating", "Operating budget"
    INCENTIVE = "incentive", "Contract incentive"
    OTHER_GRANT = "other_grant", "Other grants"
    SAVINGS = "savings", "Savings"


class PlanDriver(TextChoices):
    """Which rows of a plan an assumption moves between its low and its high."""

    NOTHING = "", "Nothing: for information"
    NEED = "need", "What it costs"
    SAVINGS = "savings", "Savings"
    INCENTIVE = "incentive", "Contract incentive"
    OPERATING = "operating", "Operating budget"
    OTHER_GRANT = "other_grant", "Other grants"


class SheetState(TextChoices):
    OPEN = "open", "Not imported yet"
    IMPORTED = "imported", "Imported"
    DISCARDED = "discarded", "Discarded"
