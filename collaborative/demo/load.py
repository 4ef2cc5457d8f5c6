"""Makes the demo collaborative: people, then the files through the same ingest as any file, then cards.

Can be run again after an interruption: what is there is found, what is missing is made.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from collaborative.demo.aims import hang_ideas, make_aims
from collaborative.demo.asking import load_asking
from collaborative.demo.evaluation import make_evaluation
from collaborative.demo.files import (
    COUNTS_GROUP,
    FOREIGN_GROUP,
    OWN_GROUP,
    PAYER_SOURCE,
    DemoFile,
    write_files,
)
from collaborative.demo.grant_calls import make_grant_calls
from collaborative.demo.grants import make_grants
from collaborative.demo.harvest import load_harvest
from collaborative.demo.learning import load_learning
from collaborative.demo.local_measures import make_local_measures
from collaborative.demo.people import ANALYST, PROGRAMME, make_people, write_sign_ins
from collaborative.demo.programme_life import load_programme_life
from collaborative.demo.tests_of_change import load_tests_of_change
from collaborative.demo.world import FOLDER, YEARS, read_world
from measures.actions.definitions import load_definitions
from measures.actions.deprivation import load_deprivation
from measures.actions.protection import protect_results
from measures.actions.race_tables import load_race_tables
from measures.actions.submissions import (
    confirm_replacement,
    process_submission,
    receive_submission,
)
from measures.enums import SourceKind, SubmissionState
from measures.ingest.deprivation import read_deprivation
from measures.ingest.race_tables import packaged_tables
from measures.ingest.store import IncomingFile, StoredFile
from measures.models import Period, RaceTable, Source, Submission
from measures.queries.protection import list_unprotected_periods
from reports.actions.report_cards import (
    draft_report_cards,
    publish_report_card,
    review_report_card,
    write_commentary,
)
from reports.cards.content import build_content, reviewable_sha256
from reports.enums import CardState
from reports.models import ReportCard
from reports.queries.cards import read_inputs
from teams.actions.audit import record_event
from teams.models import Notification, Organisation, OutboxMessage, Team, User
from teams.scoping import scope_of

SIGN_INS_NAME = "demo-sign-ins.txt"
_PIECE = 4 * 1024**2
#: Notifications of the demo that are younger than this have not been read yet.
_STILL_NEW = timedelta(days=8)

#: When each file came in, in the order of sending: some months after the year that it tells of.
_SENT_AT = (
    datetime(2024, 6, 18, 15, 5, tzinfo=UTC),
    datetime(2025, 6, 17, 14, 40, tzinfo=UTC),
    datetime(2025, 9, 9, 13, 15, tzinfo=UTC),
    datetime(2026, 6, 16, 15, 30, tzinfo=UTC),
    datetime(2026, 8, 25, 18, 20, tzinfo=UTC),
    datetime(2026, 9, 22, 14, 10, tzinfo=UTC),
    datetime(2026, 11, 16, 16, 45, tzinfo=UTC),
)
#: Year → when its report cards were worked on. The first year was there only to compare with.
_CARDS_AT = {
    2024: datetime(2025, 7, 8, 14, 0, tzinfo=UTC),
    2025: datetime(2026, 7, 7, 14, 0, tzinfo=UTC),
}
#: Group → what the analyst wrote on its cards.
_COMMENTARY = {
    "G01": "Blood pressure control among Black patients is where most patients are missing. "
    "The home monitoring pilot started in Dorchester in the spring.",
    "G02": "Read the colorectal screening gap with care: it is smaller because screening fell among "
    "White patients.",
    "G04": "Site changes in Brockton at the turn of the year affect the denominators.",
    "G05": "The group also sends results of all its patients from its own record; the two sources "
    "are never mixed.",
}
#: Cards of the last year that somebody has reviewed already; the others are drafts.
_REVIEWED = ("G01", "G03", "G05")


class DemoFailed(Exception):
    """The demo cannot be made; the message says at which file and why."""


@dataclass(frozen=True)
class _Sender:
    source: Source
    by: User


def load_demo(
    *,
    now: datetime,
    password: str,
    say: Callable[[str], None],
    size: float = 1.0,
    for_outside: bool = True,
) -> None:
    """Everything, or what an interrupted run left undone.

    now: dates of the demo that lie after it are pulled back to it. password: of all demo people.
    size: 1 is the demo; tests take less. for_outside: False leaves out protection and report cards, which take
    most of the time. Raises DemoFailed.
    Effects: rows of every kind, files in the store, the sign-ins in the state folder.
    """
    world = read_world()
    say("Definitions, organisations, sites and people")
    load_definitions()
    if not RaceTable.objects.exists():
        load_race_tables(tables=packaged_tables())
    load_deprivation(read=read_deprivation(FOLDER / "zip_vulnerability.csv"), vintage="2022")
    users = make_people(world, password=password)
    _save_sign_ins(password)
    senders = _make_sources(users)
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        say("Drawing members and their results")
        files = write_files(Path(folder), size=size)
        for file, sent_at in zip(files, _SENT_AT, strict=True):
            say(f"{file.name}: {file.path.stat().st_size / 1e6:.1f} MB")
            sender = senders[file.source]
            _send(file, sender, min(sent_at, now), say)
            if not for_outside:
                continue
            for source_id, period_id in list_unprotected_periods():
                protect_results(source_id=source_id, period_id=period_id, as_of=min(sent_at, now))
            if file.source == PAYER_SOURCE and file.year in _CARDS_AT and not file.replaces:
                _make_cards(file.year, users[ANALYST], min(_CARDS_AT[file.year], now), say)

    say("Projects and their tests of change")
    make_aims(users, now=now, say=say)
    load_tests_of_change(users=users, now=now, say=say)
    make_local_measures(users, now=now, say=say)
    hang_ideas(users, now=now)
    load_asking(users=users, now=now, say=say)
    say("Sessions, coaching and monthly reports")
    load_learning(users=users, now=now, say=say)
    load_harvest(users=users, now=now, say=say)
    say("Grants")
    make_grants(now=now, say=say)
    make_grant_calls(now=now, say=say)
    say("Stories and months of the programme")
    load_programme_life(users=users, now=now, say=say)
    say("Evaluation")
    make_evaluation(users=users, now=now, say=say)
    _settle_notifications(now)


@transaction.atomic
def _settle_notifications(now: datetime) -> None:
    """What the story told people long ago has been read, and none of its e-mails goes out now."""
    OutboxMessage.objects.all().delete()
    old = Notification.objects.filter(read_at=None, created_at__lt=now - _STILL_NEW)
    old.update(read_at=now)
    for user in User.objects.all():
        user.unread_count = Notification.objects.filter(
            user=user, read_at=None, on_site=True
        ).count()
        user.save(update_fields=["unread_count"])


def _save_sign_ins(password: str) -> None:
    path = settings.STATE_DIR / SIGN_INS_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(write_sign_ins(password), encoding="utf-8")


@transaction.atomic
def _make_sources(users: dict[str, User]) -> dict[str, _Sender]:
    """The payer's source, and those of the three groups that send files of their own."""
    payer = Organisation.objects.get(name=PROGRAMME["payer_name"])
    wanted: list[tuple[str, str, SourceKind, Organisation, Team | None, User]] = [
        (PAYER_SOURCE, f"{payer.name} claims", SourceKind.PAYER, payer, None, users[ANALYST])
    ]
    for code in (OWN_GROUP, COUNTS_GROUP, FOREIGN_GROUP):
        group = Team.objects.select_related("organisation").get(code=code)
        lead = users[f"lead.{code.lower()}@groups.example"]
        name = f"{group.name}, own health record"
        wanted.append((code.lower(), name, SourceKind.GROUP, group.organisation, group, lead))
    senders = {}
    for code, name, kind, organisation, team, by in wanted:
        source, created = Source.objects.get_or_create(
            code=code,
            defaults={"name": name, "kind": kind, "organisation": organisation, "team": team},
        )
        if created:
            record_event(act="add_source", target=source, by=None, team=team)
        senders[code] = _Sender(source, by)
    return senders


def _send(file: DemoFile, sender: _Sender, as_of: datetime, say: Callable[[str], None]) -> None:
    """Receive and process one file as the upload page and a worker would."""
    stored = _store(file.path)
    submission = Submission.objects.filter(source=sender.source, sha256=stored.sha256).first()
    if submission is None:
        submission = receive_submission(
            source=sender.source, file=stored, file_name=file.name, by=sender.by, as_of=as_of
        )
    state = process_submission(submission_id=submission.pk, as_of=as_of)
    if state == SubmissionState.NEEDS_CONFIRMATION and file.replaces:
        submission.refresh_from_db()
        confirm_replacement(submission=submission, by=sender.by, as_of=as_of)
        state = process_submission(submission_id=submission.pk, as_of=as_of)
    submission.refresh_from_db()
    say(
        f"  {submission.get_state_display()}: {submission.row_count:,} rows,"
        f" {submission.set_aside_count:,} set aside"
    )
    if state not in (SubmissionState.PUBLISHED, SubmissionState.NEEDS_MAPPING):
        raise DemoFailed(f"{file.name} ended as “{state}”. {submission.refusal}".strip())


def _store(path: Path) -> StoredFile:
    with path.open("rb") as file, IncomingFile() as incoming:
        while data := file.read(_PIECE):
            incoming.write(data)
        return incoming.keep()


def _make_cards(year: int, analyst: User, as_of: datetime, say: Callable[[str], None]) -> None:
    """Cards of a year: published for the years before the last one, drafted and reviewed for the last."""
    source = Source.objects.get(code=PAYER_SOURCE)
    period = Period.objects.get(label=str(year))
    cards = ReportCard.objects.filter(source=source, period=period)
    done = set(cards.exclude(state=CardState.DRAFT).values_list("team_id", flat=True))
    teams: list[Team | None] = [team for team in Team.objects.all() if team.pk not in done]
    if None not in done:
        teams.append(None)
    draft_report_cards(teams=teams, source=source, period=period, by=analyst)
    for card in cards.filter(state=CardState.DRAFT).select_related("team", "source", "period"):
        _finish_card(card, analyst, as_of, is_last_year=year == YEARS[-1])
    published = cards.filter(state=CardState.PUBLISHED).count()
    say(
        f"  Report cards of {year}: {published} published, {cards.count() - published} in the making"
    )


@transaction.atomic
def _finish_card(card: ReportCard, analyst: User, as_of: datetime, *, is_last_year: bool) -> None:
    """Bring a draft to where the demo wants it."""
    code = card.team.code if card.team else ""
    if is_last_year and code in _COMMENTARY:
        card = write_commentary(card=card, text=_COMMENTARY[code], by=analyst)
    if is_last_year and code not in _REVIEWED:
        return
    scope = scope_of(analyst, on=as_of.date())
    seen = reviewable_sha256(build_content(read_inputs(scope, card)))
    card = review_report_card(card=card, seen_sha256=seen, scope=scope, as_of=as_of, by=analyst)
    if not is_last_year:
        publish_report_card(card=card, scope=scope, as_of=as_of, by=analyst)
