"""What the state of a kernel object allows. `check_…` raises StateRefused with a sentence for the user."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from teams.enums import ROLES_OF_KIND, InvitationState, OrganisationKind, Role
from teams.errors import StateRefused
from teams.models import CoachAssignment, Invitation, Membership, Organisation, SiteAssignment

INVITATION_LIFETIME = timedelta(days=14)

#: Act → states of an invitation in which it is allowed.
INVITATION_ALLOWS: dict[str, frozenset[InvitationState]] = {
    "accept": frozenset({InvitationState.WAITING}),
    "resend": frozenset({InvitationState.WAITING, InvitationState.EXPIRED}),
    "withdraw": frozenset({InvitationState.WAITING, InvitationState.EXPIRED}),
}

_INVITATION_REFUSAL: dict[InvitationState, str] = {
    InvitationState.EXPIRED: (
        "This invitation has expired. Ask the person who invited you to send it again."
    ),
    InvitationState.ACCEPTED: "This invitation has been used already. Sign in with your e-mail address.",
    InvitationState.WITHDRAWN: (
        "This invitation has been withdrawn. Ask the person who invited you if you think that is a mistake."
    ),
    InvitationState.WAITING: "This invitation is still waiting for an answer.",
}


def invitation_state(invitation: Invitation, as_of: datetime) -> InvitationState:
    if invitation.accepted_at:
        return InvitationState.ACCEPTED
    if invitation.withdrawn_at:
        return InvitationState.WITHDRAWN
    return InvitationState.WAITING if invitation.expires_at > as_of else InvitationState.EXPIRED


def can_do_with_invitation(act: str, invitation: Invitation, as_of: datetime) -> bool:
    return invitation_state(invitation, as_of) in INVITATION_ALLOWS[act]


def check_invitation_allows(act: str, invitation: Invitation, as_of: datetime) -> None:
    if not can_do_with_invitation(act, invitation, as_of):
        raise StateRefused(_INVITATION_REFUSAL[invitation_state(invitation, as_of)])


def check_role_fits(role: str, organisation: Organisation) -> None:
    """The database refuses the same with a trigger; this says it in words."""
    if role not in ROLES_OF_KIND[OrganisationKind(organisation.kind)]:
        raise StateRefused(
            f"{Role(role).label} is not a role in {organisation.name}: "
            f"it is for organisations of another kind than {organisation.get_kind_display().lower()}."
        )


def check_last_day(what: str, starts_on: date, ends_on: date) -> None:
    if ends_on < starts_on:
        raise StateRefused(
            f"{what} began on {starts_on:%-d %b %Y}, so the last day cannot be before that."
        )


def check_can_end_membership(membership: Membership, ends_on: date) -> None:
    if membership.ends_on is not None and membership.ends_on < ends_on:
        raise StateRefused(f"This membership already ends on {membership.ends_on:%-d %b %Y}.")
    check_last_day("This membership", membership.starts_on, ends_on)


def check_can_change_role(membership: Membership, role: str, starts_on: date) -> None:
    if role == membership.role:
        raise StateRefused("That is the role this person has already. Choose another.")
    if starts_on <= membership.starts_on:
        raise StateRefused(
            f"The present role began on {membership.starts_on:%-d %b %Y}. "
            "The new one can begin on a later day only."
        )
    if membership.ends_on is not None and membership.ends_on < starts_on:
        raise StateRefused(
            f"This membership ends on {membership.ends_on:%-d %b %Y}, before the new role would begin."
        )


def check_can_move_site(latest: SiteAssignment | None, starts_on: date) -> None:
    """latest: the site's last stretch in a group, also one that has not begun."""
    if latest is not None and starts_on <= latest.starts_on:
        raise StateRefused(
            f"The site belongs to {latest.team} from {latest.starts_on:%-d %b %Y}. "
            "It can move on a later day only."
        )


def check_can_hand_over(assignment: CoachAssignment, starts_on: date) -> None:
    if starts_on <= assignment.starts_on:
        raise StateRefused(
            f"{assignment.user} began on {assignment.starts_on:%-d %b %Y}. "
            "The hand-over can be on a later day only."
        )
    if assignment.ends_on is not None and assignment.ends_on < starts_on:
        raise StateRefused(
            f"{assignment.user} stops on {assignment.ends_on:%-d %b %Y} already. "
            "Assign the next person instead of handing over."
        )
