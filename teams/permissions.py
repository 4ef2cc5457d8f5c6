"""Who may do what: one table from role to permissions, asked through `require`.

The table answers "may this role do this at all"; which rows exist for a user is decided by
`teams.scoping`, and what a state allows by each app's `policies`. Each of the three denies by default.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login

from teams.enums import Role
from teams.errors import NotAllowed


class Permission(StrEnum):
    """Every act that a view or an endpoint can require. The value is its stable name; `meaning` explains it."""

    VIEW_HOME = "view_home"
    VIEW_TEAM_RESULTS = "view_team_results"
    VIEW_OVERVIEW = "view_overview"
    VIEW_REPORT_CARDS = "view_report_cards"
    PREPARE_REPORT_CARDS = "prepare_report_cards"
    PUBLISH_REPORT_CARDS = "publish_report_cards"
    VIEW_OUTREACH = "view_outreach"
    VIEW_SUBMISSIONS = "view_submissions"
    SUBMIT_DATA = "submit_data"
    PUBLISH_DATA = "publish_data"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_ORGANISATIONS = "manage_organisations"
    MANAGE_SITES = "manage_sites"
    MANAGE_COACHES = "manage_coaches"
    MANAGE_PROGRAMME = "manage_programme"
    VIEW_GRANTS = "view_grants"
    VIEW_ALL_GRANTS = "view_all_grants"
    VIEW_GRANT_TOTALS = "view_grant_totals"
    REPORT_GRANTS = "report_grants"
    REVIEW_APPLICATIONS = "review_applications"
    RECOMMEND_PAYMENTS = "recommend_payments"
    MANAGE_GRANTS = "manage_grants"
    PAY_GRANTS = "pay_grants"
    VIEW_AUDIT = "view_audit"
    MANAGE_MAIL = "manage_mail"
    VIEW_CALENDAR = "view_calendar"
    MANAGE_SESSIONS = "manage_sessions"
    VIEW_COACHING = "view_coaching"
    COACH_TEAMS = "coach_teams"
    WRITE_REPORTS = "write_reports"
    ACKNOWLEDGE_REPORTS = "acknowledge_reports"
    VIEW_EVALUATION = "view_evaluation"
    CODE_INTERVIEWS = "code_interviews"
    MANAGE_SURVEYS = "manage_surveys"
    ANSWER_SURVEYS = "answer_surveys"
    USE_API = "use_api"
    VIEW_PROJECTS = "view_projects"
    EDIT_PROJECTS = "edit_projects"
    COMMENT_ON_TESTS = "comment_on_tests"
    VIEW_SHARED_TESTS = "view_shared_tests"
    REVIEW_PROJECTS = "review_projects"
    TELL_STORIES = "tell_stories"
    MODERATE_POSTS = "moderate_posts"
    READ_SYNTHESES = "read_syntheses"
    WRITE_SYNTHESES = "write_syntheses"
    NOMINATE_TESTS = "nominate_tests"
    ASK_GROUPS = "ask_groups"
    EDIT_PACKAGE = "edit_package"
    PUBLISH_PACKAGE = "publish_package"

    @property
    def meaning(self) -> str:
        return _MEANING[self]


_MEANING: dict[Permission, str] = {
    Permission.VIEW_HOME: "Open the home page and the own profile",
    Permission.VIEW_TEAM_RESULTS: "See the stratified results of the teams in scope",
    Permission.VIEW_OVERVIEW: "See the programme's results over all groups, privacy-protected",
    Permission.VIEW_REPORT_CARDS: "Read and download report cards of the teams in scope",
    Permission.PREPARE_REPORT_CARDS: "Draft and review report cards",
    Permission.PUBLISH_REPORT_CARDS: "Publish a reviewed report card",
    Permission.VIEW_OUTREACH: "See and export which of the own group's members have not met a measure",
    Permission.VIEW_SUBMISSIONS: "See submissions of the own organisation and their findings",
    Permission.SUBMIT_DATA: "Upload measure data and map its columns",
    Permission.PUBLISH_DATA: "Let a checked submission replace earlier data",
    Permission.MANAGE_PEOPLE: "Invite people and change memberships",
    Permission.MANAGE_ORGANISATIONS: "Add and rename organisations and their teams",
    Permission.MANAGE_SITES: "Add practice sites and move them between groups",
    Permission.MANAGE_COACHES: "Say who coaches which team",
    Permission.MANAGE_PROGRAMME: "Change the programme's settings",
    Permission.VIEW_GRANTS: "See the awards of the teams in scope",
    Permission.VIEW_ALL_GRANTS: "See the awards of every group",
    Permission.VIEW_GRANT_TOTALS: "See the totals of the funds, without groups",
    Permission.REPORT_GRANTS: "Apply for grants, and report on and amend the own awards",
    Permission.REVIEW_APPLICATIONS: "Review applications for grants",
    Permission.RECOMMEND_PAYMENTS: "Recommend payments of the teams in scope",
    Permission.MANAGE_GRANTS: "Draft awards, accept conditions and reports, approve payments for the programme",
    Permission.PAY_GRANTS: "Approve awards and payments for finance and record what was paid",
    Permission.VIEW_AUDIT: "Read and download the audit trail",
    Permission.MANAGE_MAIL: "See e-mail that could not be sent and try it again",
    Permission.VIEW_CALENDAR: "See the sessions of the programme and check in",
    Permission.MANAGE_SESSIONS: "Plan sessions, keep attendance, publish notes",
    Permission.VIEW_COACHING: "Read calls, actions, scores and monthly reports of the teams worked with",
    Permission.COACH_TEAMS: "Record calls, give scores and feedback",
    Permission.WRITE_REPORTS: "Write the monthly report and the own score, ask for help",
    Permission.ACKNOWLEDGE_REPORTS: "Acknowledge the monthly report as senior sponsor",
    Permission.VIEW_EVALUATION: "Read the tables of the evaluation, with pseudonyms for teams",
    Permission.CODE_INTERVIEWS: "Import excerpts of interviews, keep the codebook and code",
    Permission.MANAGE_SURVEYS: "Make short surveys of the participants and read their results",
    Permission.ANSWER_SURVEYS: "Answer short surveys as a participant",
    Permission.USE_API: "Make tokens for the REST API",
    Permission.VIEW_PROJECTS: "Read the projects, tests and quality hints of the teams worked with",
    Permission.EDIT_PROJECTS: "Write projects and tests of the own group",
    Permission.COMMENT_ON_TESTS: "Comment on tests of the teams worked with",
    Permission.VIEW_SHARED_TESTS: "Read tests that other groups have shared",
    Permission.REVIEW_PROJECTS: "Review aims and charters of the teams coached",
    Permission.TELL_STORIES: "Tell stories of the own group to the programme",
    Permission.MODERATE_POSTS: "Look at posts that were reported, restore or remove them",
    Permission.WRITE_SYNTHESES: "Write and publish the programme's monthly synthesis",
    Permission.READ_SYNTHESES: "Read the programme's published monthly syntheses",
    Permission.NOMINATE_TESTS: "Nominate shared tests of the teams worked with for the change package",
    Permission.ASK_GROUPS: "Ask other groups about the tests that they share",
    Permission.EDIT_PACKAGE: "Read and write the draft of the change package, decide about nominations",
    Permission.PUBLISH_PACKAGE: "Publish a version of the change package",
}

_EVERYBODY = {Permission.VIEW_HOME, Permission.VIEW_CALENDAR}
_GROUP = _EVERYBODY | {
    Permission.VIEW_TEAM_RESULTS,
    Permission.VIEW_REPORT_CARDS,
    Permission.VIEW_SUBMISSIONS,
    Permission.USE_API,
    Permission.VIEW_PROJECTS,
    Permission.COMMENT_ON_TESTS,
    Permission.VIEW_SHARED_TESTS,
    Permission.VIEW_COACHING,
    Permission.VIEW_GRANTS,
    Permission.READ_SYNTHESES,
    Permission.ANSWER_SURVEYS,
}
_GROUP_STAFF = _GROUP | {
    Permission.VIEW_OUTREACH,
    Permission.SUBMIT_DATA,
    Permission.PUBLISH_DATA,
    Permission.EDIT_PROJECTS,
    Permission.NOMINATE_TESTS,
    Permission.ASK_GROUPS,
    Permission.WRITE_REPORTS,
    Permission.REPORT_GRANTS,
    Permission.TELL_STORIES,
}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.GROUP_MEMBER: frozenset(_GROUP_STAFF),
    Role.GROUP_LEAD: frozenset(_GROUP_STAFF | {Permission.MANAGE_PEOPLE}),
    Role.SENIOR_SPONSOR: frozenset(_GROUP | {Permission.ACKNOWLEDGE_REPORTS}),
    Role.COACH: frozenset(
        _EVERYBODY
        | {
            Permission.VIEW_TEAM_RESULTS,
            Permission.VIEW_REPORT_CARDS,
            Permission.USE_API,
            Permission.VIEW_PROJECTS,
            Permission.COMMENT_ON_TESTS,
            Permission.VIEW_SHARED_TESTS,
            Permission.REVIEW_PROJECTS,
            Permission.NOMINATE_TESTS,
            Permission.ASK_GROUPS,
            Permission.EDIT_PACKAGE,
            Permission.VIEW_COACHING,
            Permission.COACH_TEAMS,
            Permission.VIEW_GRANTS,
            Permission.REVIEW_APPLICATIONS,
            Permission.RECOMMEND_PAYMENTS,
            Permission.ANSWER_SURVEYS,
            Permission.READ_SYNTHESES,
        }
    ),
    Role.PROGRAMME_DIRECTOR: frozenset(
        _EVERYBODY
        | {
            Permission.VIEW_TEAM_RESULTS,
            Permission.VIEW_OVERVIEW,
            Permission.VIEW_REPORT_CARDS,
            Permission.MANAGE_PEOPLE,
            Permission.MANAGE_ORGANISATIONS,
            Permission.MANAGE_SITES,
            Permission.MANAGE_COACHES,
            Permission.MANAGE_PROGRAMME,
            Permission.USE_API,
            Permission.VIEW_PROJECTS,
            Permission.VIEW_SHARED_TESTS,
            Permission.NOMINATE_TESTS,
            Permission.ASK_GROUPS,
            Permission.EDIT_PACKAGE,
            Permission.PUBLISH_PACKAGE,
            Permission.VIEW_COACHING,
            Permission.COACH_TEAMS,
            Permission.MANAGE_SESSIONS,
            Permission.MANAGE_SURVEYS,
            Permission.VIEW_GRANTS,
            Permission.VIEW_ALL_GRANTS,
            Permission.VIEW_GRANT_TOTALS,
            Permission.REVIEW_APPLICATIONS,
            Permission.RECOMMEND_PAYMENTS,
            Permission.MANAGE_GRANTS,
            Permission.MODERATE_POSTS,
            Permission.READ_SYNTHESES,
            Permission.WRITE_SYNTHESES,
        }
    ),
    Role.PAYER_ANALYST: frozenset(
        _EVERYBODY
        | {
            Permission.VIEW_TEAM_RESULTS,
            Permission.VIEW_OVERVIEW,
            Permission.VIEW_REPORT_CARDS,
            Permission.PREPARE_REPORT_CARDS,
            Permission.PUBLISH_REPORT_CARDS,
            Permission.VIEW_SUBMISSIONS,
            Permission.SUBMIT_DATA,
            Permission.PUBLISH_DATA,
            Permission.USE_API,
            Permission.VIEW_SHARED_TESTS,
            Permission.READ_SYNTHESES,
            Permission.VIEW_GRANTS,
            Permission.VIEW_ALL_GRANTS,
            Permission.VIEW_GRANT_TOTALS,
            Permission.REVIEW_APPLICATIONS,
        }
    ),
    Role.PAYER_FINANCE: frozenset(
        _EVERYBODY
        | {
            Permission.VIEW_GRANTS,
            Permission.VIEW_ALL_GRANTS,
            Permission.VIEW_GRANT_TOTALS,
            Permission.PAY_GRANTS,
        }
    ),
    Role.EVALUATOR: frozenset(
        _EVERYBODY
        | {
            Permission.VIEW_OVERVIEW,
            # No shared tests, change package or cards of groups: they name groups, and a number or a month in
            # them would tell which team a pseudonym stands for (docs/decisions, evaluation).
            Permission.VIEW_EVALUATION,
            Permission.CODE_INTERVIEWS,
            Permission.MANAGE_SURVEYS,
            Permission.USE_API,
            Permission.VIEW_GRANT_TOTALS,
            Permission.READ_SYNTHESES,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        _EVERYBODY
        | {
            Permission.MANAGE_PEOPLE,
            Permission.MANAGE_ORGANISATIONS,
            Permission.MANAGE_SITES,
            Permission.MANAGE_COACHES,
            Permission.MANAGE_PROGRAMME,
            Permission.VIEW_AUDIT,
            Permission.MANAGE_MAIL,
            Permission.USE_API,
        }
    ),
}


def permissions_of(user: Any, *, on: date) -> frozenset[Permission]:
    """Permissions that the user's memberships give on a day; empty for nobody and for inactive users."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return frozenset()
    held: set[Permission] = set()
    for membership in user.memberships_on(on):
        held |= ROLE_PERMISSIONS[Role(membership.role)]
    return frozenset(held)


def require(permission: Permission) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Guard a view: sign-in first, then the permission, else NotAllowed with a sentence.

    The guarded view carries `required_permission`, which the architecture test looks for on every URL.
    """

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            check_permission(request.scope, permission)
            return view(request, *args, **kwargs)

        guarded.required_permission = permission  # type: ignore[attr-defined]
        return guarded

    return guard


def check_permission(scope: Any, permission: Permission) -> None:
    """Raise NotAllowed unless the scope holds the permission."""
    if permission in scope.permissions:
        return
    if not scope.roles:
        raise NotAllowed(
            "Your account has no role at present. Ask the person who invited you, or an administrator."
        )
    raise NotAllowed(
        f"Your role does not include: {permission.meaning.lower()}. "
        "An administrator of the programme can change roles."
    )
