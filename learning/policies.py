"""What the states of the learning system allow. `check_…` raises StateRefused with a sentence."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from learning.enums import (
    ActionState,
    CallState,
    NominationState,
    PackageState,
    ReportState,
    SessionState,
    StoryState,
    SurveyState,
    SynthesisState,
    Trigger,
)
from learning.models import (
    ActionItem,
    Call,
    Codebook,
    CodingRound,
    ControlPlan,
    GroupQuestion,
    HelpRequest,
    MonthlyReport,
    Nomination,
    PackageVersion,
    Session,
    Story,
    Survey,
    Synthesis,
)
from pdsa.charts.periods import step
from pdsa.enums import Frequency
from teams.errors import StateRefused
from teams.models import User

#: act → states of a session in which it may be done, and the state that it leads to.
SESSION_TRANSITIONS: dict[str, tuple[frozenset[SessionState], SessionState]] = {
    "open": (frozenset({SessionState.PLANNED}), SessionState.OPEN),
    "hold": (frozenset({SessionState.PLANNED, SessionState.OPEN}), SessionState.HELD),
    "publish": (frozenset({SessionState.HELD}), SessionState.PUBLISHED),
    "cancel": (frozenset({SessionState.PLANNED, SessionState.OPEN}), SessionState.CANCELLED),
    "restore": (frozenset({SessionState.CANCELLED}), SessionState.PLANNED),
}
_SESSION_REFUSAL = {
    "open": "Only a planned session can be opened for pre-work",
    "hold": "Only a session that is still to come can be marked as held",
    "publish": "Notes are published after the session was held",
    "cancel": "Only a session that is still to come can be cancelled",
    "restore": "Only a cancelled session can be brought back",
}


def check_session_can(act: str, session: Session) -> SessionState:
    """The state that the act leads to."""
    allowed, after = SESSION_TRANSITIONS[act]
    if session.state not in allowed:
        raise StateRefused(
            f"{_SESSION_REFUSAL[act]}. This one is {session.get_state_display().lower()}."
        )
    return after


def session_acts(session: Session) -> list[str]:
    return [act for act, (allowed, _) in SESSION_TRANSITIONS.items() if session.state in allowed]


#: How long after its end somebody can still be entered as having been at a session.
CHECK_IN_UNTIL = timedelta(days=14)


def can_check_in(session: Session, as_of: datetime) -> bool:
    try:
        check_can_check_in(session, as_of)
    except StateRefused:
        return False
    return True


def check_can_check_in(session: Session, as_of: datetime) -> None:
    if session.state == SessionState.CANCELLED:
        raise StateRefused("This session was cancelled.")
    if timezone.localdate(session.starts_at) > timezone.localdate(as_of):
        raise StateRefused("You can check in on the day of the session.")
    if as_of > session.ends_at + CHECK_IN_UNTIL:
        raise StateRefused("This session was more than two weeks ago: its list is closed.")


def check_can_change_session(session: Session) -> None:
    if session.state == SessionState.CANCELLED:
        raise StateRefused("This session was cancelled. Bring it back first, then change it.")


def check_can_give_feedback(session: Session, as_of: datetime, *, was_there: bool) -> None:
    if session.state == SessionState.CANCELLED or session.starts_at > as_of:
        raise StateRefused("You can say what you think of a session once it has begun.")
    if not was_there:
        raise StateRefused(
            "Only who was there says what they think. Check in on the page of the session first."
        )


#: act → states of a story in which it may be done.
STORY_ALLOWS: dict[str, frozenset[StoryState]] = {
    "edit": frozenset({StoryState.DRAFT}),
    "tell": frozenset({StoryState.DRAFT}),
    "take_back": frozenset({StoryState.TOLD}),
}
_STORY_REFUSAL = {
    "edit": "A story that is told stays as it is. Take it back first",
    "tell": "This story is told already",
    "take_back": "Only a story that is told can be taken back",
}


def check_story_can(act: str, story: Story) -> None:
    if story.state not in STORY_ALLOWS[act]:
        raise StateRefused(f"{_STORY_REFUSAL[act]}.")


def check_can_make_storyboard(session: Session) -> None:
    if session.state not in (SessionState.PLANNED, SessionState.OPEN):
        raise StateRefused("The session is over: its storyboards stay as they were shown.")


def can_make_storyboard(session: Session) -> bool:
    return session.state in (SessionState.PLANNED, SessionState.OPEN)


def check_call_open(call: Call) -> None:
    if call.state == CallState.CANCELLED:
        raise StateRefused("This call was cancelled. Plan another one.")


def check_can_hold(call: Call, held_on: date, today: date) -> None:
    if call.state != CallState.PLANNED:
        raise StateRefused(f"Only a planned call can be held. This one is {call.state}.")
    if held_on > today:
        raise StateRefused("A call cannot have been held on a day that is still to come.")


def check_can_cancel_call(call: Call) -> None:
    if call.state != CallState.PLANNED:
        raise StateRefused(f"Only a planned call can be cancelled. This one is {call.state}.")


def check_action_open(item: ActionItem) -> None:
    if item.state != ActionState.OPEN:
        raise StateRefused(f"This action is {item.get_state_display().lower()} already.")


def check_action_closed(item: ActionItem) -> None:
    if item.state == ActionState.OPEN:
        raise StateRefused("This action is open already.")


def check_help_open(request: HelpRequest) -> None:
    if request.answered_at is not None:
        raise StateRefused(
            f"{request.answered_by} answered this on {request.answered_at:%-d %b %Y} already."
        )


#: A monthly report is due on this day of the month after the one that it is about.
REPORT_DUE_DAY = 5


def report_due_on(month: date) -> date:
    """The day on which the report of a month is due."""
    return step(month, Frequency.MONTH).replace(day=REPORT_DUE_DAY)


def months_to_score(today: date) -> tuple[date, date]:
    """The months that can be scored on a day, as their first days: this one, and the last, whose report is due."""
    this = today.replace(day=1)
    return this, step(this, Frequency.MONTH, -1)


def check_can_score(month: date, today: date) -> None:
    if month > today:
        raise StateRefused("A month can be scored once it has begun.")
    if month.replace(day=1) not in months_to_score(today):
        raise StateRefused("Only this month and the last can be scored.")


#: act → states of a monthly report in which it may be done. Late is never a reason to refuse.
REPORT_ALLOWS: dict[str, frozenset[ReportState]] = {
    "edit": frozenset({ReportState.DRAFT}),
    "submit": frozenset({ReportState.DRAFT}),
    "take_back": frozenset({ReportState.SUBMITTED}),
    "acknowledge": frozenset({ReportState.SUBMITTED, ReportState.CLOSED}),
    "close": frozenset({ReportState.SUBMITTED}),
}
_REPORT_REFUSAL = {
    "edit": "A report can be changed until it is handed in. Take it back first",
    "submit": "This report was handed in already",
    "take_back": "A report can be taken back until the coach has closed it",
    "acknowledge": "A report is acknowledged after it was handed in",
    "close": "Feedback closes a report that was handed in",
}


def can_with_report(act: str, report: MonthlyReport) -> bool:
    return report.state in REPORT_ALLOWS[act]


def check_report_can(act: str, report: MonthlyReport) -> None:
    if not can_with_report(act, report):
        raise StateRefused(f"{_REPORT_REFUSAL[act]}. This one is “{report.get_state_display()}”.")


def check_can_be_quoted(said: list[str]) -> None:
    """said: the names and details of people in the words of patients that the whole programme would read."""
    if said:
        words = ", ".join(f"“{one}”" for one in said)
        raise StateRefused(
            f"What patients said names {words}. Write it without names, or hand the report in without"
            " letting the programme quote it. Nothing you wrote is lost."
        )


def check_synthesis_draft(synthesis: Synthesis) -> None:
    if synthesis.state != SynthesisState.DRAFT:
        raise StateRefused("This synthesis is published. Take it back to change it.")


def check_synthesis_published(synthesis: Synthesis) -> None:
    if synthesis.state != SynthesisState.PUBLISHED:
        raise StateRefused("This synthesis is a draft already.")


def check_plan_running(plan: ControlPlan) -> None:
    if plan.ended_on is not None:
        raise StateRefused(f"This plan ended on {plan.ended_on:%-d %b %Y}. Make a new one.")


def check_trigger(trigger: str, threshold: Decimal | None, *, overlaps: bool) -> None:
    """overlaps: the measure's periods share people, so that no rule for signals holds on its chart."""
    if trigger == Trigger.SIGNAL and threshold is not None:
        raise StateRefused("A signal needs no number. Leave the number empty.")
    if trigger != Trigger.SIGNAL and threshold is None:
        raise StateRefused("Give the number at which somebody has to act.")
    if trigger == Trigger.SIGNAL and overlaps:
        raise StateRefused(
            "The periods of this measure overlap, so its chart shows no signals. Choose a number."
        )


def check_note_given(plan: ControlPlan, note: str) -> None:
    if plan.fired_at is not None and not note:
        raise StateRefused("Say in a sentence what you found and what you did.")


#: act → states of a nomination in which it may be done.
NOMINATION_ALLOWS: dict[str, frozenset[NominationState]] = {
    "accept": frozenset({NominationState.WAITING, NominationState.ACCEPTED}),
    "decline": frozenset({NominationState.WAITING}),
    "take_back": frozenset({NominationState.WAITING}),
}
_NOMINATION_REFUSAL = {
    "accept": "Only a nomination of a test that is still shared can be taken into the package",
    "decline": "Only a nomination that waits can be answered",
    "take_back": "Only a nomination that waits can be taken back",
}


def check_nomination_can(act: str, nomination: Nomination) -> None:
    if nomination.state not in NOMINATION_ALLOWS[act]:
        raise StateRefused(
            f"{_NOMINATION_REFUSAL[act]}. This one: {nomination.get_state_display().lower()}."
        )


def check_draft(version: PackageVersion) -> None:
    if version.state != PackageState.DRAFT:
        raise StateRefused(
            f"Version {version.number} is published and stays as it is. Begin the next version."
        )


def check_revision(seen: int, present: int) -> None:
    """seen: the revision that the form was filled from."""
    if seen != present:
        raise StateRefused(
            "Somebody else changed this meanwhile. Your words are still here: compare them with the page"
            " in another window, and save again."
        )


def check_names(names: list[str]) -> None:
    """names: of groups, sites and people that a text mentions."""
    if names:
        raise StateRefused(
            f"The text names {', '.join(names)}. Leave names out: the group’s name is shown beside it as"
            " the group wants it."
        )


def check_can_answer(question: GroupQuestion) -> None:
    if question.answered_at is not None:
        raise StateRefused(f"Your group answered this on {question.answered_at:%-d %b %Y} already.")


# --- evaluation ------------------------------------------------------------------------------------------------

_SURVEY_REFUSAL = {
    "edit": "A survey can be changed until it is opened",
    "open": "Only a draft can be opened",
    "answer": "This survey takes no answers",
    "remind": "Only an open survey can be reminded of",
    "close": "Only an open survey can be closed",
}
#: act → state of a survey in which it may be done.
SURVEY_ALLOWS: dict[str, SurveyState] = {
    "edit": SurveyState.DRAFT,
    "open": SurveyState.DRAFT,
    "answer": SurveyState.OPEN,
    "remind": SurveyState.OPEN,
    "close": SurveyState.OPEN,
}


def can_with_survey(act: str, survey: Survey) -> bool:
    return survey.state == SURVEY_ALLOWS[act]


def check_survey_can(act: str, survey: Survey) -> None:
    if not can_with_survey(act, survey):
        raise StateRefused(
            f"{_SURVEY_REFUSAL[act]}. This one is {survey.get_state_display().lower()}."
        )


def check_survey_takes_answers(survey: Survey, *, today: date, has_answered: bool) -> None:
    check_survey_can("answer", survey)
    if survey.closes_on < today:
        raise StateRefused(f"The last day for answers was {survey.closes_on:%-d %b %Y}.")
    if has_answered:
        raise StateRefused("You have answered this survey. Everybody answers once.")


def check_reminded_once(survey: Survey) -> None:
    if survey.reminded_at is not None:
        raise StateRefused(
            f"People were reminded on {survey.reminded_at:%-d %b %Y}. Once is enough."
        )


def check_codebook_open(codebook: Codebook) -> None:
    if codebook.fixed_at is not None:
        raise StateRefused("This version is fixed. Begin a new version to change it.")


def check_coder_working(coding_round: CodingRound, coder: User) -> None:
    if coder.pk not in (coding_round.first_id, coding_round.second_id):
        raise StateRefused("Only the two coders of this round code in it.")
    is_first = coder.pk == coding_round.first_id
    if (coding_round.first_done_at if is_first else coding_round.second_done_at) is not None:
        raise StateRefused("You have finished this round. What differs is settled together now.")


def check_both_done(coding_round: CodingRound) -> None:
    if not coding_round.both_done:
        raise StateRefused("Both coders finish first; until then neither sees the other’s codes.")
