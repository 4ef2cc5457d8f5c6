"""How the acts on an award are said in its history. `{it}` stands for the payment, condition, report or change."""

from __future__ import annotations

#: Act → what happened.
TITLES = {
    "draft_award": "award drafted",
    "change_award": "draft changed",
    "submit_award": "award submitted",
    "begin_review_award": "review begun",
    "request_changes_award": "changes of the draft asked for",
    "approve_award": "award approved",
    "decline_award": "award declined",
    "withdraw_award": "award withdrawn",
    "send_agreement_award": "agreement sent",
    "send_agreement_again_award": "agreement sent again",
    "sign_agreement": "signed agreement put on file",
    "activate_award": "award started",
    "suspend_award": "award suspended",
    "resume_award": "award resumed",
    "begin_closing_award": "closing begun",
    "close_award": "award closed",
    "terminate_award": "award ended early",
    "settle_conditions": "{it}: {state}",
    "override_conditions": "{it} goes on without its conditions",
    "recommend_payment": "{it} recommended",
    "approve_payment_programme": "{it} approved for the programme",
    "approve_payment_finance": "{it} approved for finance",
    "send_back_payment": "{it} sent back",
    "pay_tranche": "{it} paid",
    "fail_payment": "{it} failed",
    "retry_payment": "{it} can be paid again",
    "hold_payment": "{it} put on hold",
    "release_payment": "{it} released",
    "cancel_payment": "{it} cancelled",
    "record_return": "money of {it} came back",
    "see_condition": "{it} looked at by the system",
    "accept_condition": "{it} accepted",
    "waive_condition": "{it} waived",
    "reopen_condition": "{it} reopened",
    "attach_evidence": "document put on file for {it}",
    "add_report": "{it} asked for",
    "announce_report": "{it} announced",
    "start_report": "{it} started",
    "write_financial_report": "{it} written",
    "write_narrative_report": "{it} written",
    "attach_to_report": "file put with {it}",
    "submit_report": "{it} handed in",
    "request_changes_report": "changes of {it} asked for",
    "accept_report": "{it} accepted",
    "reopen_report": "{it} reopened",
    "reallocate_budget": "money moved between budget lines",
    "request_amendment": "{it} asked for",
    "approve_amendment": "{it} approved",
    "decline_amendment": "{it} declined",
    "withdraw_amendment": "{it} taken back",
}


def title_of(act: str, it: str, state: str) -> str:
    """A sentence's beginning: “Payment 2 paid”. state: the one that the act led to, empty for none."""
    said = TITLES[act].format(it=it, state=state.replace("_", " "))
    return said[:1].upper() + said[1:]
