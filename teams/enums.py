"""Choices of the kernel. The stored value is the readable word."""

from django.db.models import TextChoices


class OrganisationKind(TextChoices):
    PAYER = "payer", "Payer"
    INSTITUTE = "institute", "Improvement institute"
    PROVIDER_GROUP = "provider_group", "Provider group"
    EVALUATOR = "evaluator", "Evaluator"


class Role(TextChoices):
    GROUP_MEMBER = "group_member", "Group member"
    GROUP_LEAD = "group_lead", "Group lead"
    SENIOR_SPONSOR = "senior_sponsor", "Senior sponsor"
    COACH = "coach", "Coach"
    PROGRAMME_DIRECTOR = "programme_director", "Programme director"
    PAYER_ANALYST = "payer_analyst", "Payer analyst"
    PAYER_FINANCE = "payer_finance", "Payer finance"
    EVALUATOR = "evaluator", "Evaluator"
    ADMINISTRATOR = "administrator", "Administrator"


#: Which roles an organisation of a kind can give; anything else is a mistake in the data.
ROLES_OF_KIND: dict[str, frozenset[str]] = {
    OrganisationKind.PAYER: frozenset({Role.PAYER_ANALYST, Role.PAYER_FINANCE, Role.ADMINISTRATOR}),
    OrganisationKind.INSTITUTE: frozenset(
        {Role.COACH, Role.PROGRAMME_DIRECTOR, Role.ADMINISTRATOR}
    ),
    OrganisationKind.PROVIDER_GROUP: frozenset(
        {Role.GROUP_MEMBER, Role.GROUP_LEAD, Role.SENIOR_SPONSOR}
    ),
    OrganisationKind.EVALUATOR: frozenset({Role.EVALUATOR}),
}


class Audience(TextChoices):
    """Who reads a number. OWN may see its own small numbers, OTHERS never may."""

    OWN = "own", "The group itself, its coach and the programme director"
    OTHERS = "others", "Everybody else who may see the group's results"


class InvitationState(TextChoices):
    """Worked out from an invitation's dates, never stored."""

    WAITING = "waiting", "Waiting for an answer"
    EXPIRED = "expired", "Expired"
    ACCEPTED = "accepted", "Accepted"
    WITHDRAWN = "withdrawn", "Withdrawn"
