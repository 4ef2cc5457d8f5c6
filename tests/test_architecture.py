"""What must hold for the whole project, whoever adds to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.test import Client
from importlinter.cli import lint_imports

from teams.permissions import Permission
from tests.addresses import APPS, every_address

REPOSITORY = Path(__file__).resolve().parent.parent

# --- imports -----------------------------------------------------------------------------------------------


def test_import_contracts_hold(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert lint_imports(no_cache=True, no_logo=True) == 0, capsys.readouterr().out


# --- addresses ---------------------------------------------------------------------------------------------

#: Addresses that answer without sign-in, each with its reason.
PUBLIC = {
    "account_login": "signing in",
    "account_logout": "asks, and signs out whoever is signed in",
    "account_signup": "says that accounts come by invitation",
    "account_inactive": "says that the account is closed",
    "account_email_verification_sent": "part of allauth; leads nowhere here",
    "account_confirm_email": "part of allauth; addresses are proved by invitations",
    "account_confirm_login_code": "part of allauth; sign-in by code is off",
    "account_reset_password": "asks for the e-mail with the link",
    "account_reset_password_done": "says that an e-mail was sent",
    "account_reset_password_from_key": "the link of that e-mail is the key",
    "account_reset_password_from_key_done": "says that the password is changed",
    "mfa_authenticate": "the second step of signing in",
    "mfa_login_webauthn": "signing in with a passkey",
    "teams:invitation": "the link of the e-mail is the key",
    "pdsa:calendar_feed": "the secret of the address is the key; calendar programs cannot sign in",
    "learning:calendar_feed": "the secret of the address is the key; calendar programs cannot sign in",
    "teams:stop_emails": "the signed link of an e-mail is the key",
    "reports:public": "the statewide card, which holds nothing of a single group",
    "reports:public_card": "an earlier statewide card",
    "reports:public_download": "a statewide card as a file",
}

#: allauth guards these with its own demand to be signed in, which `test_…_ask_for_sign_in` checks.
GUARDED_BY_ALLAUTH = {
    "account_reauthenticate",
    "account_email",
    "account_change_password",
    "account_set_password",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "mfa_edit_webauthn",
}


def test_every_address_declares_a_permission_or_stands_in_a_list() -> None:
    undeclared = [
        address.title
        for address in every_address()
        if address.name not in PUBLIC
        and address.name not in GUARDED_BY_ALLAUTH
        and address.permission is None
    ]
    assert undeclared == [], "guard these with require(Permission.…) or required_permission"


def test_every_declared_permission_is_one_of_the_table() -> None:
    for address in every_address():
        declared = address.permission
        # A property chooses by method; the walk over every address tries those.
        if declared is not None and not isinstance(declared, property):
            assert isinstance(declared, Permission), address.title


def test_lists_name_no_address_that_is_gone() -> None:
    names = {address.name for address in every_address()}
    assert set(PUBLIC) | GUARDED_BY_ALLAUTH <= names


#: Parts of addresses that are no small numbers.
SOME_PART = {"upload_id": UUID(int=1)}


@pytest.mark.django_db
def test_addresses_that_are_not_public_ask_for_sign_in() -> None:
    for address in every_address():
        if address.name in PUBLIC:
            continue
        path = address.path({part: SOME_PART.get(part, 1) for part in address.parts})
        for method in ("get", "post"):
            response = getattr(Client(), method)(path)
            if path.startswith("/api/v1/"):
                assert response.status_code == 401, (method, path)
            else:
                assert response.status_code in (302, 405), (method, path)
                if response.status_code == 302:
                    assert response["Location"].startswith("/account/login/"), (method, path)


# --- models ------------------------------------------------------------------------------------------------

#: Model → the path of fields from it to the team whose row it is, or to the organisation or person.
SCOPED = {
    "teams.Team": "organisation",
    "teams.SiteAssignment": "team",
    "teams.Membership": "organisation",
    "teams.CoachAssignment": "team",
    "teams.Invitation": "organisation",
    "teams.ApiToken": "user",
    "learning.Call": "team",
    "learning.PrivateNote": "call__team",
    "learning.ActionItem": "team",
    "learning.HelpRequest": "team",
    "learning.Score": "team",
    "learning.MonthlyReport": "team",
    "learning.ControlPlan": "team",
    "learning.Pseudonym": "team",
    "learning.ReleasedText": "team",
    "learning.SurveyReply": "user",
    "learning.PreWorkDone": "team",
    "learning.StreamNote": "call__team",
    "learning.Storyboard": "team",
    "learning.Story": "team",
    "learning.ControlCheck": "plan__team",
    "learning.ChangeFuture": "idea__project__team",
    "learning.ProgrammeCalendar": "user",
    "learning.FeedVisit": "user",
    "learning.Follow": "user",
    "learning.Thanks": "user",
    "teams.HeldPost": "team",
    "learning.Nomination": "cycle__idea__project__team",
    "learning.TriedToo": "team",
    "learning.GroupQuestion": "cycle__idea__project__team",
    "learning.Contribution": "cycle__idea__project__team",
    "teams.Notification": "user",
    "teams.NotificationPreference": "user",
    "teams.OutboxMessage": "notification__user",
    "measures.Source": "organisation",
    "measures.SavedMapping": "source__organisation",
    "measures.Submission": "source__organisation",
    "measures.PartialUpload": "user",
    "measures.Finding": "submission__source__organisation",
    "measures.Slice": "team",
    "measures.MemberRow": "team_id",
    "measures.MemberFact": "team_id",
    "measures.Cell": "team",
    "measures.PartResult": "team",
    "measures.RealCount": "team",
    "measures.Imputation": "submission__source__organisation",
    "measures.ImputedSlice": "team",
    "measures.ImputationValidity": "team",
    "grants.Award": "team",
    "grants.Amendment": "award__team",
    "grants.AwardVersion": "award__team",
    "grants.BudgetVersion": "award__team",
    "grants.BudgetLine": "budget__award__team",
    "grants.Milestone": "award__team",
    "grants.Tranche": "award__team",
    "grants.TrancheApproval": "tranche__award__team",
    "grants.AwardEvent": "award__team",
    "grants.GrantReport": "award__team",
    "grants.ReportVersion": "report__award__team",
    "grants.ActualLine": "version__report__award__team",
    "grants.SustainabilityPlan": "team",
    "grants.PlanLine": "plan__team",
    "grants.PlanAssumption": "plan__team",
    "grants.PlanChange": "plan__team",
    "grants.PlanVersion": "plan__team",
    "grants.Application": "team",
    "grants.Review": "application__team",
    "pdsa.Project": "team",
    "pdsa.ChangeIdea": "project__team",
    "pdsa.Cycle": "idea__project__team",
    "pdsa.Prediction": "cycle__idea__project__team",
    "pdsa.CycleTask": "cycle__idea__project__team",
    "pdsa.CycleReading": "cycle__idea__project__team",
    "pdsa.CalendarFeed": "user",
    "pdsa.Comment": "cycle__idea__project__team",
    "pdsa.Aim": "project__team",
    "pdsa.AimVersion": "aim__project__team",
    "pdsa.Charter": "project__team",
    "pdsa.CharterVersion": "charter__project__team",
    "pdsa.Driver": "project__team",
    "pdsa.IdeaPlacement": "driver__project__team",
    "pdsa.DiagramStep": "project__team",
    "pdsa.ProcessMap": "project__team",
    "pdsa.ProcessStep": "process_map__project__team",
    "pdsa.Adoption": "idea__project__team",
    "pdsa.LocalMeasure": "project__team",
    "pdsa.LocalMeasureVersion": "measure__project__team",
    "pdsa.MeasureStratum": "measure__project__team",
    "pdsa.Observation": "measure__project__team",
    "pdsa.ChartDecision": "measure__project__team",
    "pdsa.CycleMeasure": "measure__project__team",
    "pdsa.CycleMember": "team",
    "pdsa.ScriptUse": "team",
    "pdsa.StaffTraining": "team",
}
#: Model → why its rows have no team, or not all of them.
NOT_SCOPED = {
    "teams.User": "a person; found through memberships in the organisations that the reader manages",
    "teams.Programme": "the programme itself, one row",
    "teams.Organisation": "what scope is made of; listed for those who run the programme",
    "teams.Site": "found through its assignments to teams",
    "teams.FieldVersion": "has a team or is of a text of the programme; found through its object",
    "teams.AuditEvent": "read by administrators only, who see all of it",
    "teams.Attachment": "found through its owning object; one of the programme has no team",
    "measures.Measure": "definition, the same for everybody",
    "measures.MeasureDefinition": "definition, the same for everybody",
    "measures.Period": "definition, the same for everybody",
    "measures.StratumSet": "definition, the same for everybody",
    "measures.Stratum": "definition, the same for everybody",
    "measures.CodeMap": "definition, the same for everybody",
    "measures.RaceTable": "published table, the same for everybody",
    "measures.DeprivationTable": "published table, the same for everybody",
    "measures.DeprivationArea": "a line of a published table",
    "measures.ReferenceSetting": "a rule of the programme, the same for everybody",
    "measures.Computation": "says when a family of results was computed; no results",
    "measures.StratumResult": "has a team or is the programme's; read through measures.queries only",
    "learning.Synthesis": "of the programme; a draft for whoever directs it, published for the programme",
    "learning.Phase": "of the programme, the same for everybody",
    "learning.Session": "for everybody, or for the teams that it names",
    "learning.SessionLink": "found through its session",
    "learning.Attendance": "listed for whoever runs the session; a person sees the own",
    "learning.SessionFeedback": "a person sees the own; others only sums from five answers on",
    "learning.PackageVersion": "the programme's change package, the same for everybody; drafts for its faculty",
    "learning.Chapter": "of a version of the change package",
    "learning.ChapterIdea": "of a version of the change package",
    "learning.Survey": "of the programme; results go to evaluators and directors only",
    "learning.SurveyQuestion": "read with its survey",
    "learning.SurveySheet": "answers without a person or a team, on purpose",
    "learning.SurveyAnswer": "read as sums from five answers on",
    "learning.InterviewSource": "the evaluator's, under a pseudonym; whose it is is not known here",
    "learning.Excerpt": "the evaluator's; its source has a pseudonym",
    "learning.Codebook": "the evaluator's",
    "learning.CodebookEntry": "the evaluator's",
    "learning.CodingRound": "the evaluator's",
    "learning.ExcerptCoding": "of its coder until both have finished; then the evaluators'",
    "learning.Reconciliation": "the evaluator's",
    "grants.Call": "an invitation to every group",
    "grants.FundVersion": "what the fund said before",
    "grants.AwardSheet": "a sheet of many groups, for who runs the grants only",
    "grants.SheetMapping": "names of columns; the texts of groups in it are theirs who run the grants",
    "grants.Fund": "the programme's money; its totals name no group",
    "grants.BudgetCategory": "the same for everybody",
    "grants.GrantRules": "limits of the programme, one row",
    "grants.Posting": "a transfer of the payer has no team; a payment is read through its award",
    "grants.LedgerEntry": "a side of a posting, read through it",
    "reports.ProtectionCheck": "about a period of all groups; names no group to anybody but the publisher",
    "reports.ReportCard": "has a team or is the public statewide card",
    "pdsa.LibraryIdea": "the programme's library, the same for everybody",
    "pdsa.AskingScript": "the programme's, the same for everybody, or has a team",
    "pdsa.AskingText": "found through its script",
}


def test_every_model_is_scoped_or_listed_with_its_reason() -> None:
    models = {m._meta.label for app in APPS for m in apps.get_app_config(app).get_models()}
    assert models - set(SCOPED) - set(NOT_SCOPED) == set(), (
        "say in tests/test_architecture.py how these are scoped, or why they are not"
    )
    assert (set(SCOPED) | set(NOT_SCOPED)) - models == set(), "these models are gone"
    assert set(SCOPED) & set(NOT_SCOPED) == set()


@pytest.mark.parametrize("label", SCOPED)
def test_path_to_the_team_exists_and_is_never_empty(label: str) -> None:
    model = apps.get_model(label)
    for name in SCOPED[label].split("__"):
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            pytest.fail(f"{model._meta.label} has no field {name}")
        assert not field.null, f"{model._meta.label}.{name} can be empty"
        model = field.related_model or model


# --- layers that imports alone do not show -----------------------------------------------------------------


def modules(*kinds: str) -> Iterator[tuple[Path, ast.Module]]:
    """Modules of these kinds in every app: `views` is views.py and everything in views/."""
    for app in APPS:
        for kind in kinds:
            files = [REPOSITORY / app / f"{kind}.py", *(REPOSITORY / app / kind).rglob("*.py")]
            for path in files:
                if path.is_file():
                    yield path.relative_to(REPOSITORY), ast.parse(path.read_text("utf-8"))


def test_views_and_api_ask_no_rows_of_their_own() -> None:
    found = []
    for path, tree in modules("views", "api"):
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        empty = {id(node.value) for node in nodes if node.attr == "none"}  # Model.objects.none()
        found += [
            f"{path}:{node.lineno}"
            for node in nodes
            if node.attr in ("objects", "_default_manager") and id(node) not in empty
        ]
    assert found == [], "read through queries, where rows are scoped"


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def called_names(node: ast.AST) -> set[str]:
    """Names that a function calls or hands on (`functools.partial`, `on_commit`)."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
    }


#: Public functions of the actions that only other actions call: the event is theirs.
PARTS = {
    "recompute_families": "a step of publishing a submission",
    "write_fields": "a step of acts that write several fields at once",
    "keep_text": "a step of acts that write parts of a column",
    "tell_finished": "tells of an act that has its event",
    "ask_for_review": "tells of an act that has its event",
    "tell_reviewed": "tells of an act that has its event",
    "tell_of_call": "tells of an act that has its event",
    "tell_reviewer": "tells of an act that has its event",
    "tell_decision": "tells of an act that has its event",
    "tell_of_payment": "tells of an act that has its event",
}

#: Public functions of the actions that leave no event, and why.
WITHOUT_EVENT = {
    **PARTS,
    "notify": "a part of the act that it tells about, whose event says who did it",
    "read_notifications": "marks as read what only its reader sees; nothing that others know changes",
    "note_visit": "remembers when a reader was here; nothing that others know changes",
    "remind_of_tests": "a notification, whose row says when and to whom",
    "remind_of_action_items": "a notification, whose row says when and to whom",
    "remind_of_trainings": "a notification, whose row says when and to whom",
    "remind_of_reports": "a notification, whose row says when and to whom",
    "remind_of_calls": "a notification, whose row says when and to whom",
    "tell_of_shared_tests": "a notification, whose row says when and to whom",
    "send_waiting_messages": "the message keeps when it was sent; what it tells has its own event",
    "append_part": "one piece of a file; its beginning and its end have their events",
    "check_protection": "remembers what it worked out; nothing that anybody entered changes",
}


def actions_without_event(trees: list[tuple[Path, ast.Module]]) -> list[str]:
    """Public functions of the actions that lead to no `record_event`, over any number of calls."""
    calls = {
        node.name: called_names(node)
        for _, tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    recording = {"record_event"}
    while True:
        more = {name for name, called in calls.items() if called & recording} - recording
        if not more:
            break
        recording |= more
    return [
        f"{path}: {function.name}"
        for path, tree in trees
        for function in public_functions(tree)
        if function.name not in recording
    ]


def test_every_action_leaves_an_audit_event() -> None:
    silent = actions_without_event(list(modules("actions")))
    assert [line for line in silent if line.split(": ")[1] not in WITHOUT_EVENT] == []


def test_parts_of_actions_are_called_by_actions_only() -> None:
    outside = modules("views", "api", "tasks", "forms", "management", "queries")
    assert [str(path) for path, tree in outside if called_names(tree) & set(PARTS)] == []


def test_an_action_without_an_event_is_found() -> None:
    source = """
def quiet_write(*, by): save()
def _inner(by): record_event(act="x", by=by)
def loud_write(*, by): _inner(by)
"""
    assert actions_without_event([(Path("a.py"), ast.parse(source))]) == ["a.py: quiet_write"]


#: Actions that nobody signed in does: why they have no `by`.
WITHOUT_BY = {
    "register_invited_person": "makes the person who does it",
    "process_submission": "a worker does it",
    "delete_expired_files": "a worker does it",
    "take_names_out": "a worker does it",
    "delete_abandoned_uploads": "a worker does it",
    "protect_results": "a worker does it",
    "apply_reference_rule": "a worker does it; who settled the rule stands in its version",
    "send_weekly_digest": "a worker does it",
    "refresh_condition": "a worker does it",
    "announce_report": "a worker does it",
    "look_at_conditions": "a worker does it",
    "look_at_calls": "a worker does it",
    "settle_call": "the system does it when the last application is decided",
    "watch_over_gains": "a worker does it",
    "close_surveys_that_ended": "a worker does it",
    "ask_for_reports": "a worker does it",
    "reconcile_grants": "a worker does it",
    **WITHOUT_EVENT,
}


def test_actions_take_keywords_only_and_say_who_acts() -> None:
    wrong = []
    for path, tree in modules("actions"):
        for function in public_functions(tree):
            names = {argument.arg for argument in function.args.kwonlyargs}
            if function.args.args or function.args.posonlyargs:
                wrong.append(f"{path}: {function.name} takes positional arguments")
            if "by" not in names and function.name not in WITHOUT_BY:
                wrong.append(f"{path}: {function.name} does not say by whom")
    assert wrong == []


def test_no_module_is_a_drawer() -> None:
    drawers = [
        path
        for name in ("utils.py", "helpers.py", "common.py", "misc.py")
        for path in REPOSITORY.glob(f"*/**/{name}")
        if path.relative_to(REPOSITORY).parts[0] in (*APPS, "collaborative", "tests")
    ]
    assert drawers == []
