"""States of awards, payments, reports and amendments as data. `docs/grant-states.md` is drawn from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Model, TextChoices

from grants.enums import AmendmentState as Am
from grants.enums import ApplicationState as Ap
from grants.enums import AwardState as A
from grants.enums import ReportState as R
from grants.enums import TrancheState as T
from teams.errors import StateRefused


@dataclass(frozen=True)
class Step:
    """One act: the states from which it may be done, the state it leads to (None: it stays), and who does it."""

    sources: frozenset[TextChoices]
    to: TextChoices | None
    verb: str
    who: str


def _step(sources: set[TextChoices], to: TextChoices | None, verb: str, who: str) -> Step:
    return Step(frozenset(sources), to, verb, who)


_DIRECTOR = "programme director"
_FINANCE = "payer finance"
_GROUP = "group"
_SYSTEM = "the system"

AWARD: dict[str, Step] = {
    "change": _step({A.DRAFT, A.CHANGES_REQUESTED}, None, "change the draft", _DIRECTOR),
    "submit": _step({A.DRAFT, A.CHANGES_REQUESTED}, A.SUBMITTED, "submit", _DIRECTOR),
    "begin_review": _step({A.SUBMITTED}, A.IN_REVIEW, "begin the review", _FINANCE),
    "request_changes": _step({A.IN_REVIEW}, A.CHANGES_REQUESTED, "ask for changes", _FINANCE),
    "approve": _step({A.IN_REVIEW}, A.APPROVED, "approve", _FINANCE),
    "decline": _step({A.SUBMITTED, A.IN_REVIEW}, A.DECLINED, "decline", _FINANCE),
    "withdraw": _step(
        {A.DRAFT, A.SUBMITTED, A.IN_REVIEW, A.CHANGES_REQUESTED, A.APPROVED, A.AGREEMENT_OUT},
        A.WITHDRAWN, "withdraw", _DIRECTOR,
    ),
    "send_agreement": _step({A.APPROVED}, A.AGREEMENT_OUT, "send the agreement", _DIRECTOR),
    "send_agreement_again": _step({A.AGREEMENT_OUT}, None, "send the agreement again", _DIRECTOR),
    "activate": _step({A.AGREEMENT_OUT}, A.ACTIVE, "start the award", _DIRECTOR),
    "suspend": _step({A.ACTIVE}, A.SUSPENDED, "suspend", _DIRECTOR),
    "resume": _step({A.SUSPENDED}, A.ACTIVE, "resume", _DIRECTOR),
    "begin_closing": _step({A.ACTIVE}, A.CLOSING, "begin to close", _DIRECTOR),
    "close": _step({A.CLOSING, A.TERMINATED}, A.CLOSED, "close", _FINANCE),
    "terminate": _step({A.ACTIVE, A.SUSPENDED, A.CLOSING}, A.TERMINATED, "end early", _DIRECTOR),
}  # fmt: skip

_UNPAID = {
    T.SCHEDULED, T.CONDITIONS_OPEN, T.READY, T.RECOMMENDED, T.APPROVED_PROGRAMME, T.APPROVED_FINANCE,
    T.PAYMENT_FAILED,
}  # fmt: skip

TRANCHE: dict[str, Step] = {
    "open": _step({T.SCHEDULED}, T.CONDITIONS_OPEN, "open the conditions", _SYSTEM),
    "make_ready": _step({T.CONDITIONS_OPEN}, T.READY, "see all conditions accepted", _SYSTEM),
    "reopen_conditions": _step({T.READY}, T.CONDITIONS_OPEN, "reopen a condition", _SYSTEM),
    "override": _step({T.CONDITIONS_OPEN}, T.READY, "go on without the conditions", _DIRECTOR),
    "recommend": _step({T.READY}, T.RECOMMENDED, "recommend", "coach or programme director"),
    "approve_programme": _step({T.RECOMMENDED}, T.APPROVED_PROGRAMME, "approve for the programme", _DIRECTOR),
    "approve_finance": _step({T.APPROVED_PROGRAMME}, T.APPROVED_FINANCE, "approve for finance", _FINANCE),
    "send_back": _step(
        {T.RECOMMENDED, T.APPROVED_PROGRAMME, T.APPROVED_FINANCE}, T.READY, "send back", "programme director or payer finance",
    ),
    "pay": _step({T.APPROVED_FINANCE}, T.PAID, "record the payment", _FINANCE),
    "fail": _step({T.PAID}, T.PAYMENT_FAILED, "record that it failed", _FINANCE),
    "retry": _step({T.PAYMENT_FAILED}, T.APPROVED_FINANCE, "pay again", _FINANCE),
    "hold": _step(set(_UNPAID), T.ON_HOLD, "put on hold", "programme director or payer finance"),
    "release": _step({T.ON_HOLD}, None, "release", "programme director or payer finance"),
    "cancel": _step({*_UNPAID, T.ON_HOLD}, T.CANCELLED, "cancel", _DIRECTOR),
    "return_part": _step({T.PAID}, None, "record a part that came back", _FINANCE),
    "return_all": _step({T.PAID}, T.RETURNED, "record that all came back", _FINANCE),
}  # fmt: skip

REPORT: dict[str, Step] = {
    "announce": _step({R.SCHEDULED}, R.DUE, "ask for it", _SYSTEM),
    "start": _step({R.SCHEDULED, R.DUE}, R.DRAFT, "start", _GROUP),
    "write": _step({R.DRAFT, R.CHANGES_REQUESTED}, None, "write", _GROUP),
    "submit": _step({R.DRAFT, R.CHANGES_REQUESTED}, R.SUBMITTED, "hand in", _GROUP),
    "request_changes": _step({R.SUBMITTED}, R.CHANGES_REQUESTED, "ask for changes", _DIRECTOR),
    "accept": _step({R.SUBMITTED}, R.ACCEPTED, "accept", _DIRECTOR),
    "reopen": _step({R.ACCEPTED, R.SUBMITTED}, R.DRAFT, "reopen", _FINANCE),
}  # fmt: skip

AMENDMENT: dict[str, Step] = {
    "approve": _step({Am.SUBMITTED}, Am.APPROVED, "approve", "programme director or payer finance"),
    "decline": _step({Am.SUBMITTED}, Am.DECLINED, "decline", "programme director or payer finance"),
    "withdraw": _step({Am.SUBMITTED}, Am.WITHDRAWN, "withdraw", "whoever asked"),
}  # fmt: skip

APPLICATION: dict[str, Step] = {
    "write": _step({Ap.DRAFT}, None, "write", _GROUP),
    "submit": _step({Ap.DRAFT}, Ap.SUBMITTED, "hand in", _GROUP),
    "withdraw": _step({Ap.DRAFT, Ap.SUBMITTED}, Ap.WITHDRAWN, "withdraw", _GROUP),
    "award": _step({Ap.SUBMITTED}, Ap.AWARDED, "award", _DIRECTOR),
    "decline": _step({Ap.SUBMITTED}, Ap.DECLINED, "decline", _DIRECTOR),
}  # fmt: skip

#: What the diagram shows: title, what begins it, steps.
MACHINES: tuple[tuple[str, TextChoices, Mapping[str, Step]], ...] = (
    ("Award", A.DRAFT, AWARD),
    ("Payment (tranche)", T.SCHEDULED, TRANCHE),
    ("Report", R.SCHEDULED, REPORT),
    ("Amendment", Am.SUBMITTED, AMENDMENT),
    ("Application", Ap.DRAFT, APPLICATION),
)

_MACHINE_OF: dict[str, tuple[str, Mapping[str, Step]]] = {
    "award": ("This award", AWARD),
    "tranche": ("This payment", TRANCHE),
    "grantreport": ("This report", REPORT),
    "amendment": ("This amendment", AMENDMENT),
    "application": ("This application", APPLICATION),
}


def check_step(act: str, target: Model) -> Step:
    """The step of an act on an object. Raises StateRefused when the object's state does not allow it."""
    name, steps = _MACHINE_OF[target._meta.model_name or ""]
    step = steps[act]
    state = target.state  # type: ignore[attr-defined]
    if state not in step.sources:
        needed = sorted(str(source.label).lower() for source in step.sources)
        raise StateRefused(
            f"{name} is “{target.get_state_display().lower()}”: to {step.verb}, it has to be "  # type: ignore[attr-defined]
            f"{_either(needed)}."
        )
    return step


def can_step(act: str, target: Model) -> bool:
    steps = _MACHINE_OF[target._meta.model_name or ""][1]
    return target.state in steps[act].sources  # type: ignore[attr-defined]


def _either(words: list[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def states_page() -> str:
    """The text of docs/grant-states.md."""
    lines = [
        "# States of grants",
        "",
        "Made from `grants/policies/transitions.py` by `manage.py write_docs`.",
    ]
    for title, first, steps in MACHINES:
        lines += [
            "",
            f"## {title}",
            "",
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {first.value}",
        ]
        for step in steps.values():
            if step.to is not None:
                lines += [
                    f"    {source.value} --> {step.to.value}: {step.verb}"
                    for source in sorted(step.sources, key=lambda s: s.value)
                ]
        lines += ["```", "", "| act | from | to | who |", "|---|---|---|---|"]
        for step in steps.values():
            sources = ", ".join(sorted(str(s.label).lower() for s in step.sources))
            to = str(step.to.label).lower() if step.to is not None else "stays"
            lines.append(f"| {step.verb} | {sources} | {to} | {step.who} |")
    return "\n".join([*lines, ""])
