"""Tables of the kernel: people, organisations, teams, sites, memberships, invitations, audit."""

from teams.models.attachments import Attachment
from teams.models.audit import AuditEvent
from teams.models.dates import DateRange, holds_on
from teams.models.organisations import Organisation, Programme, Site, SiteAssignment, Team
from teams.models.people import ApiToken, CoachAssignment, Invitation, Membership, User, UserManager

__all__ = [
    "ApiToken",
    "Attachment",
    "AuditEvent",
    "CoachAssignment",
    "DateRange",
    "Invitation",
    "Membership",
    "Organisation",
    "Programme",
    "Site",
    "SiteAssignment",
    "Team",
    "User",
    "UserManager",
    "holds_on",
]
