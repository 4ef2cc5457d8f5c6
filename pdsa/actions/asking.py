"""Writes of scripts, of the sites that use them, and of staff training."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from pdsa.actions.cycles import log_cycle
from pdsa.actions.projects import add_idea
from pdsa.asking.files import read_scripts
from pdsa.models import AskingScript, AskingText, Cycle, Project, ScriptUse, StaffTraining
from pdsa.queries.asking import list_due_trainings, list_sites_on
from teams.actions.audit import record_event
from teams.actions.notifications import notify
from teams.enums import Topic
from teams.errors import StateRefused
from teams.models import Site, Team, User
from teams.queries import list_staff
from teams.scoping import Scope

#: So long before a training is due its group is told.
REMIND_BEFORE = timedelta(days=14)


@transaction.atomic
def load_scripts(*, by: User | None = None) -> int:
    """Bring the programme's scripts to what the file says; returns how many there are.

    Versions are added and never changed. Effects: rows, audit event when anything changed.
    """
    entries = read_scripts()
    changed = []
    for position, entry in enumerate(entries, start=1):
        values = {
            "position": position,
            "title": entry.title,
            "situation": entry.situation,
            "is_current": True,
        }
        script = AskingScript.objects.filter(code=entry.code).first() or AskingScript(
            code=entry.code
        )
        if script.pk is None or any(getattr(script, n) != v for n, v in values.items()):
            for name, value in values.items():
                setattr(script, name, value)
            script.save()
            changed.append(entry.code)
        known = set(script.texts.values_list("language", "number"))
        new = [t for t in entry.texts if (t.language, t.number) not in known]
        AskingText.objects.bulk_create(
            AskingText(
                script=script,
                language=text.language,
                number=text.number,
                text=text.text,
                note=text.note,
            )
            for text in new
        )
        changed += [entry.code] if new and entry.code not in changed else []
    gone = AskingScript.objects.filter(team=None, is_current=True).exclude(
        code__in=[entry.code for entry in entries]
    )
    changed += [script.code for script in gone]
    gone.update(is_current=False)
    if changed:
        record_event(
            act="load_scripts", target="pdsa.asking:file", by=by, details={"changed": changed}
        )
    return len(entries)


@transaction.atomic
def write_script(
    *,
    team: Team,
    title: str,
    situation: str,
    language: str,
    text: str,
    by: User,
    script: AskingScript | None = None,
    note: str = "",
) -> AskingText:
    """A group's own script, or the next version of it in one language.

    Raises StateRefused for a script that is not the group's, and for a version that changes nothing.
    Effects: rows, audit event.
    """
    if script is None:
        script = AskingScript.objects.create(team=team, title=title, situation=situation)
    else:
        script = AskingScript.objects.select_for_update().get(pk=script.pk)
        if script.team_id != team.pk:
            raise StateRefused("This is the programme's script. Make one of your own from it.")
        script.title, script.situation = title, situation
        script.save(update_fields=["title", "situation"])
    before = script.texts.filter(language=language).order_by("-number").first()
    if before is not None and before.text == text:
        raise StateRefused("Nothing in the words has changed, so there is no new version.")
    written = AskingText.objects.create(
        script=script,
        language=language,
        number=before.number + 1 if before else 1,
        text=text,
        note=note,
        written_by=by,
    )
    record_event(
        act="write_script",
        target=script,
        by=by,
        team=team,
        details={"language": language, "version": written.number},
    )
    return written


@transaction.atomic
def use_script(
    *, team: Team, site: Site, text: AskingText, starts_on: date, scope: Scope, by: User
) -> ScriptUse:
    """Note that a site asks with this version from a day on; another version of the same script ends.

    Raises StateRefused for a site that does not belong to the group on that day, and where the site uses
    this version already. Effects: rows, audit event.
    """
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    if site not in list_sites_on(scope, team, starts_on):
        raise StateRefused(f"{site} does not belong to your group on that day.")
    same = ScriptUse.objects.filter(
        team=team, site=site, text__script=text.script, ends_on__isnull=True
    )
    if same.filter(text=text).exists():
        raise StateRefused(f"{site} asks with this version already.")
    for use in same.filter(text__language=text.language):
        use.ends_on = max(use.starts_on, starts_on - timedelta(days=1))
        use.save(update_fields=["ends_on"])
    made = ScriptUse.objects.create(
        team=team, site=site, text=text, starts_on=starts_on, noted_by=by
    )
    record_event(
        act="use_script",
        target=made,
        by=by,
        team=team,
        details={"site": site.code, "text": text.pk},
    )
    return made


@transaction.atomic
def stop_using_script(*, use: ScriptUse, by: User, as_of: datetime) -> None:
    """Effects: the site no longer asks with it from today on; audit event."""
    use = ScriptUse.objects.select_for_update().get(pk=use.pk)
    if use.ends_on is None:
        use.ends_on = max(use.starts_on, timezone.localdate(as_of))
        use.save(update_fields=["ends_on"])
        record_event(act="stop_using_script", target=use, by=by, team=use.team)


@transaction.atomic
def adopt_script(*, project: Project, text: AskingText, by: User, as_of: datetime) -> Cycle:
    """Make a change idea of a script, with a first small test planned.

    An idea that the project has already gets no second first test. Effects: idea, cycle, audit events.
    """
    idea = add_idea(
        project=project,
        title=f"Ask with the script: {text.script.title}"[:160],
        description=text.text,
        by=by,
    )
    cycle = idea.cycles.order_by("number").first()
    if cycle is None:
        cycle = log_cycle(
            team=project.team,
            idea=idea,
            objective=f"One person asks 5 patients with the script “{text.script.title}”"
            f" ({text.get_language_display()}, version {text.number}).",
            prediction="4 of 5 answer for themselves; nobody is upset.",
            start=False,
            by=by,
            as_of=as_of,
        )
    record_event(
        act="adopt_script", target=idea, by=by, team=project.team, details={"text": text.pk}
    )
    return cycle


def _told(training: StaffTraining) -> dict[str, Any]:
    return {
        "site": training.site.code,
        "role": training.role,
        "trained_on": training.trained_on.isoformat(),
        "due_on": training.due_on.isoformat(),
        "trained": training.trained_count,
        "staff": training.staff_count,
    }


@transaction.atomic
def log_training(*, team: Team, values: dict[str, Any], scope: Scope, by: User) -> StaffTraining:
    """Write a training down. values: the fields of StaffTraining that a person fills in.

    Raises StateRefused for a site that did not belong to the group on the day. Effects: row, audit event.
    """
    _check_site(team, values, scope)
    training = StaffTraining.objects.create(team=team, logged_by=by, **values)
    record_event(act="log_training", target=training, by=by, team=team, details=_told(training))
    return training


@transaction.atomic
def change_training(
    *, training: StaffTraining, values: dict[str, Any], scope: Scope, by: User
) -> StaffTraining:
    """Correct an entry of the log. Raises as `log_training`. Effects: row, audit event with both."""
    training = StaffTraining.objects.select_for_update(of=("self",)).get(pk=training.pk)
    _check_site(training.team, values, scope)
    before = _told(training)
    for name, value in values.items():
        setattr(training, name, value)
    training.save()
    record_event(
        act="change_training",
        target=training,
        by=by,
        team=training.team,
        details={"before": before, "after": _told(training)},
    )
    return training


@transaction.atomic
def remove_training(*, training: StaffTraining, by: User) -> None:
    """Take an entry out of the log that was a mistake. Effects: row, audit event that keeps what it said."""
    training = StaffTraining.objects.select_for_update(of=("self",)).get(pk=training.pk)
    record_event(
        act="remove_training",
        target=training,
        by=by,
        team=training.team,
        details={"before": _told(training)},
    )
    training.delete()


def _check_site(team: Team, values: dict[str, Any], scope: Scope) -> None:
    if values["site"] not in list_sites_on(scope, team, values["trained_on"]):
        raise StateRefused(f"{values['site']} did not belong to your group on that day.")


@transaction.atomic
def remind_of_trainings(*, as_of: datetime) -> int:
    """Tell groups which trainings have to be refreshed soon, once each; run every day.

    Returns how many people were told. Effects: of `notify`.
    """
    today = timezone.localdate(as_of)
    told = 0
    for training in list_due_trainings(before=today + REMIND_BEFORE):
        role_name = training.get_role_display().lower()
        told += notify(
            users=list_staff(training.team, on=today),
            topic=Topic.TESTS,
            title=f"Training is due again: {role_name} at {training.site}"[:200],
            text=f"The last training in asking about race, ethnicity and language was on"
            f" {training.trained_on:%-d %b %Y}. Refresh it by {training.due_on:%-d %b %Y}.",
            path=reverse("asking:team", args=[training.team.code]),
            key=f"training-{training.pk}-due",
            as_of=as_of,
        )
    return told
