"""What was decided about one payment, by whom and on what: a tagged PDF for the payer's file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from grants.models import Tranche
from grants.queries.work import list_conditions
from teams.attachments import list_attachments
from teams.drawing.documents import typeset
from teams.formats import format_money
from teams.queries import get_programme

TEMPLATE = Path(__file__).parent / "packet.typ"


def packet_content(tranche: Tranche, *, as_of: datetime) -> dict[str, Any]:
    """Everything that the document says, as text."""
    award = tranche.award
    programme = get_programme()
    last = award.events.order_by("-number").first()
    return {
        "programme": programme.name,
        "title": f"Payment {tranche.number} of award {award.number}",
        "group": award.team.name,
        "award": award.title,
        "facts": [
            ["Fund", award.fund.name],
            ["Kind of award", award.get_kind_display()],
            ["Amount of the award", format_money(award.amount)],
            ["Amount of this payment", format_money(tranche.amount)],
            ["Planned for", _day(tranche.planned_on)],
            ["State", tranche.get_state_display()],
            [
                "Agreement signed",
                f"{_day(award.agreement_signed_on)}, {award.agreement_signed_by}"
                if award.agreement_signed_on
                else "not on file",
            ],
        ],
        "override": tranche.override_reason and f"{tranche.override_by}: {tranche.override_reason}",
        "conditions": [
            {
                "title": c.milestone.title,
                "due": _day(c.milestone.due_on),
                "state": c.milestone.get_state_display(),
                "seen": c.finding.text,
                "decided": f"{c.milestone.decided_by}, {_moment(c.milestone.decided_at)}"
                if c.milestone.decided_at
                else "nobody yet",
                "note": c.milestone.decision_note,
                "files": [f"{f.name} (SHA-256 {f.sha256})" for f in list_attachments(c.milestone)],
            }
            for c in list_conditions(tranche, as_of=as_of)
        ],
        "approvals": [
            [a.get_step_display(), str(a.by), _moment(a.at), a.note, f"{a.round}"]
            for a in tranche.approvals.select_related("by").order_by("at", "id")
        ],
        "postings": [
            [
                p.get_kind_display(),
                format_money(p.amount),
                _day(p.on),
                p.reference,
                str(p.posted_by),
            ]
            for p in tranche.postings.select_related("posted_by").order_by("on", "id")
        ],
        "footer": f"Made {_moment(as_of)}. Last link of the award's chain: "
        + (f"{last.number}, {last.hash}" if last else "none"),
    }


def evidence_pdf(tranche: Tranche, *, as_of: datetime) -> bytes:
    """The document as bytes."""
    return typeset(TEMPLATE, packet_content(tranche, as_of=as_of), made_at=as_of)


def _day(day: Any) -> str:
    return f"{day:%-d %b %Y}"


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%-d %b %Y, %H:%M}"
