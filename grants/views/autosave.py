"""Fields that save themselves: answers of a report, lines of its grid, answers of an application (ADR 15)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from grants.forms.acts import MoneyInput
from grants.narrative import SECTIONS
from grants.policies.writing import check_can_write_application, check_can_write_version
from grants.queries.awards import get_own_actual_line, get_own_report_version
from grants.queries.calls import get_own_application
from teams.autosave import Editable, Part
from teams.permissions import Permission
from teams.scoping import Scope
from teams.views.autosave import autosave_view


def _text(label: str, longest: int | None = None) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=longest)


def _answer(name: str) -> Part:
    def put(target: Any, value: Any) -> None:
        target.answers = {**target.answers, name: value}

    return Part("answers", lambda target: target.answers.get(name, ""), put)


def _report(scope: Scope, pk: int) -> Editable:
    version = get_own_report_version(scope, pk)
    fields: dict[str, forms.Field] = {"comment": _text("Comment")}
    fields |= {name: _text(question) for name, question in SECTIONS.items()}
    return Editable(
        version,
        version.report.award.team,
        fields,
        check=lambda: check_can_write_version(version),
        parts={name: _answer(name) for name in SECTIONS},
    )


def _column(column: str, empty: Any) -> Part:
    return Part(
        column,
        # An empty field stands for nothing spent: both are written as nothing.
        lambda target: getattr(target, column) or "",
        lambda target, value: setattr(target, column, empty if value in (None, "") else value),
    )


def _line(scope: Scope, pk: int) -> Editable:
    line = get_own_actual_line(scope, pk)
    version = line.version
    code = line.line_code
    return Editable(
        line,
        version.report.award.team,
        {
            f"actual-{code}": MoneyInput(label="Spent", required=False, min_value=None),
            f"committed-{code}": MoneyInput(label="Ordered", required=False),
            f"note-{code}": _text("Note", 500),
        },
        check=lambda: check_can_write_version(version),
        parts={
            f"actual-{code}": _column("actual", 0),
            f"committed-{code}": _column("committed", 0),
            f"note-{code}": _column("variance_note", ""),
        },
    )


def _place(n: int) -> Part:
    def get(target: Any) -> str:
        return target.answers[n] if n < len(target.answers) else ""

    def put(target: Any, value: Any) -> None:
        answers = [*target.answers, *[""] * (n + 1 - len(target.answers))]
        answers[n] = value
        target.answers = answers

    return Part("answers", get, put)


def _application(scope: Scope, pk: int) -> Editable:
    application = get_own_application(scope, pk)
    questions = application.call.questions
    fields: dict[str, forms.Field] = {
        "title": _text("Title", 150),
        "amount": MoneyInput(label="Amount you ask for", required=False),
    }
    fields |= {f"answer-{n}": _text(question) for n, question in enumerate(questions)}
    return Editable(
        application,
        application.team,
        fields,
        check=lambda: check_can_write_application(application, as_of=timezone.now()),
        parts={f"answer-{n}": _place(n) for n in range(len(questions))},
    )


save_report_version = autosave_view(Permission.REPORT_GRANTS, _report)
save_report_line = autosave_view(Permission.REPORT_GRANTS, _line)
save_application = autosave_view(Permission.REPORT_GRANTS, _application)


def show_versions(form: forms.Form, versions: dict[str, int]) -> None:
    """Every control says which version it shows; a save builds on it."""
    for name, field in form.fields.items():
        field.widget.attrs["data-version"] = versions.get(name, 0)
