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


class Topic(TextChoices):
    """What a notification is about: the unit in which people choose what reaches them."""

    CONVERSATION = "conversation", "Comments, mentions and answers"
    TESTS = "tests", "Tests of change"
    COACHING = "coaching", "Coaching calls and actions"
    SESSIONS = "sessions", "Learning sessions and meetings"
    REPORTS = "reports", "Monthly reports"
    GRANTS = "grants", "Grants"
    RESULTS = "results", "Results and report cards"
    STORIES = "stories", "Stories and topics you follow"
    DIGEST = "digest", "Weekly digest"


#: What each topic holds, for the page of preferences.
TOPIC_MEANING: dict[Topic, str] = {
    Topic.CONVERSATION: "Somebody writes to you, mentions you or answers you.",
    Topic.TESTS: "A planned test begins, is late or was finished; an aim or charter is reviewed.",
    Topic.COACHING: "A call is near, its notes are there, an action is yours.",
    Topic.SESSIONS: "An invitation, a change of date, pre-work, materials.",
    Topic.REPORTS: "A report is due, was handed in or has feedback.",
    Topic.GRANTS: "A step waits for you, a report is due, money was paid.",
    Topic.RESULTS: "A report card of your group was published.",
    Topic.STORIES: "Another group tells a story or shares a test about a topic that you follow.",
    Topic.DIGEST: "Once a week: what is new in your programme and what waits for you.",
}

#: Topics that go by e-mail unless the person says otherwise; the others are in the weekly digest.
EMAILED_BY_DEFAULT = frozenset(
    {
        Topic.CONVERSATION,
        Topic.COACHING,
        Topic.SESSIONS,
        Topic.REPORTS,
        Topic.GRANTS,
        Topic.DIGEST,
    }
)
#: Topics that are an e-mail and nothing else.
EMAIL_ONLY = frozenset({Topic.DIGEST})


class HoldState(TextChoices):
    """What became of a post that was reported."""

    HIDDEN = "hidden", "Hidden, waits for a decision"
    RESTORED = "restored", "Restored"
    REMOVED = "removed", "Removed"


class SecondReference(TextChoices):
    """With whom else groups of people are compared, beside the reference that each set names."""

    NONE = "", "Nobody else"
    BEST = "best", "The group with the best rate in the period before"
    LARGEST = "largest", "The group with the most people"
    OVERALL = "overall", "Everybody together"
    BENCHMARK = "benchmark", "The measure’s benchmark, where it has one"
