"""`manage.py ingest FILE --source CODE`: the same way in as the upload page, for a shell or a scheduler."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from measures.actions.submissions import process_submission, receive_submission
from measures.enums import SubmissionState
from measures.errors import FileRefused
from measures.ingest.contract import RULE_BY_CODE
from measures.ingest.store import IncomingFile
from measures.models import Source, Submission
from measures.tasks import enqueue_submission

_PIECE = 4 * 1024**2


class Command(BaseCommand):
    help = "Send a file of results (members, counts, or FHIR MeasureReports) to the programme."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--source", required=True, help="Code of the source that sends the file."
        )
        parser.add_argument(
            "--mapping",
            default="saved",
            help="“saved” (the one remembered for these headers), or a JSON file with a mapping.",
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="Agree beforehand that current data of the same group, measure and period are replaced.",
        )
        parser.add_argument(
            "--wait",
            action="store_true",
            help="Do the work here and now instead of leaving it to a worker.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        submission = self._receive(options)
        if not options["wait"]:
            enqueue_submission(submission.pk)
            self.stdout.write(f"Submission {submission.pk} received; a worker takes it on.")
            return
        if process_submission(submission_id=submission.pk, as_of=timezone.now()) is None:
            raise CommandError(
                f"Submission {submission.pk} is being processed by a worker already."
            )
        submission.refresh_from_db()
        self._report(submission)

    def _receive(self, options: dict[str, Any]) -> Submission:
        source = Source.objects.filter(code=options["source"]).first()
        if source is None:
            known = ", ".join(Source.objects.values_list("code", flat=True)) or "none yet"
            raise CommandError(f"There is no source “{options['source']}”. Known: {known}.")
        mapping = None
        try:
            if options["mapping"] != "saved":
                mapping = json.loads(Path(options["mapping"]).read_text())
            with options["file"].open("rb") as file, IncomingFile() as incoming:
                while data := file.read(_PIECE):
                    incoming.write(data)
                stored = incoming.keep()
            return receive_submission(
                source=source,
                file=stored,
                file_name=options["file"].name,
                by=None,
                as_of=timezone.now(),
                mapping=mapping,
                replace_confirmed=options["replace"],
            )
        except (OSError, ValueError) as problem:
            raise CommandError(str(problem)) from problem
        except FileRefused as refusal:
            raise CommandError(str(refusal)) from refusal

    def _report(self, submission: Submission) -> None:
        for finding in submission.findings.all():
            rule = RULE_BY_CODE[finding.rule]
            column = f" [{finding.column}]" if finding.column else ""
            place = (
                finding.first_places[0]
                if finding.first_places
                else f"line {finding.first_lines[0]}"
            )
            self.stdout.write(
                f"{finding.get_severity_display()}{column}: {rule.text} {finding.line_count:,} rows, first"
                f" in {place}."
            )
        if submission.state == SubmissionState.REJECTED:
            raise CommandError(f"Submission {submission.pk} rejected. {submission.refusal}")
        self.stdout.write(
            f"Submission {submission.pk}: {submission.get_state_display()}. {submission.row_count:,} rows,"
            f" {submission.accepted_count:,} accepted, {submission.set_aside_count:,} set aside,"
            f" {submission.duplicate_count:,} duplicates counted once."
        )
        if submission.state == SubmissionState.NEEDS_MAPPING:
            raise CommandError(
                "The file needs a mapping: give one with --mapping, or open the submission in the browser."
            )
        if submission.state == SubmissionState.NEEDS_CONFIRMATION:
            raise CommandError(
                "It would replace current data: confirm in the browser or send with --replace."
            )
