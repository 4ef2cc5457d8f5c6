"""Tables of the kernel: people, organisations, teams, sites, memberships, invitations, audit,
notifications."""

from teams.models.attachments import Attachment
from teams.models.audit import AuditEvent
from teams.models.dates import DateRange, holds_on
from teams.models.field_history import FieldVersion
from teams.models.moderation import HeldPost
from teams.models.notifications import Notification, NotificationPreference, OutboxMessage
from teams.models.organisations import Organisation, Programme, Site, SiteAssignment, Team
from teams.models.people import ApiToken, CoachAssignment, Invitation, Membership, User, UserManager

__all__ = [
    "ApiToken",
    "Attachment",
    "AuditEvent",
    "CoachAssignment",
    "DateRange",
    "FieldVersion",
    "HeldPost",
    "Invitation",
    "Membership",
    "Notification",
    "NotificationPreference",
    "Organisation",
    "OutboxMessage",
    "Programme",
    "Site",
    "SiteAssignment",
    "Team",
    "User",
    "UserManager",
    "holds_on",
]
