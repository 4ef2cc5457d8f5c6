"""Pulse surveys of participants. Who answered and what was answered are two tables without a link."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from learning.enums import QuestionKind, RespondentGroup, SurveyState

#: More questions than this are no pulse.
MOST_QUESTIONS = 8
MOST_OPTIONS = 8


class Survey(models.Model):
    """A short survey: made as a draft, open for some days, then closed; results come when it is closed."""

    title = models.CharField(max_length=120)
    introduction = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=6, choices=SurveyState, default=SurveyState.DRAFT)
    closes_on = models.DateField(help_text="Last day for answers, included.")
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    invited_count = models.PositiveIntegerField(
        null=True, blank=True, help_text="How many people were asked when it opened."
    )
    reminded_at = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-closes_on", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="survey_has_title"),
            models.CheckConstraint(
                condition=Q(state__in=SurveyState.values), name="survey_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=SurveyState.DRAFT, opened_at__isnull=True, closed_at__isnull=True)
                | Q(state=SurveyState.OPEN, opened_at__isnull=False, closed_at__isnull=True)
                | Q(state=SurveyState.CLOSED, opened_at__isnull=False, closed_at__isnull=False),
                name="survey_times_fit_state",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at")),
                name="survey_times_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class SurveyQuestion(models.Model):
    """One question. Surveys that ask in the same words are one line of the trend."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=6, choices=QuestionKind)
    text = models.CharField(max_length=200)
    options = ArrayField(
        models.CharField(max_length=80), default=list, blank=True, help_text="Of a choice."
    )

    class Meta:
        ordering = ["survey", "position"]
        constraints = [
            models.UniqueConstraint(fields=["survey", "position"], name="surveyquestion_place"),
            models.CheckConstraint(
                condition=Q(position__range=(1, MOST_QUESTIONS)), name="surveyquestion_few"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=QuestionKind.values), name="surveyquestion_kind_known"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="surveyquestion_has_text"),
            models.CheckConstraint(
                condition=Q(kind=QuestionKind.CHOICE, options__len__range=(2, MOST_OPTIONS))
                | ~Q(kind=QuestionKind.CHOICE) & Q(options__len=0),
                name="surveyquestion_options_fit",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class SurveyReply(models.Model):
    """That a person has answered: for asking once, and for reminding the others. Not what, and not when."""

    survey = models.ForeignKey(Survey, models.PROTECT, related_name="replies")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["survey", "user"], name="surveyreply_once_a_person")
        ]

    def __str__(self) -> str:
        return f"Reply to {self.survey}"


class SurveySheet(models.Model):
    """One person's answers without the person. Its number is drawn at random, so that it tells no order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    survey = models.ForeignKey(Survey, models.PROTECT, related_name="sheets")
    group = models.CharField(max_length=8, choices=RespondentGroup)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(group__in=RespondentGroup.values), name="surveysheet_group_known"
            )
        ]

    def __str__(self) -> str:
        return f"Sheet of {self.survey}"


class SurveyAnswer(models.Model):
    """The answer to one question; a question that was left out has none.

    number: 1 to 5 of a scale, or the place of the option, from 1.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sheet = models.ForeignKey(SurveySheet, models.PROTECT, related_name="answers")
    question = models.ForeignKey(SurveyQuestion, models.PROTECT, related_name="answers")
    number = models.PositiveSmallIntegerField(null=True, blank=True)
    text = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sheet", "question"], name="surveyanswer_once_a_question"
            ),
            models.CheckConstraint(
                condition=Q(number__range=(1, MOST_OPTIONS), text="")
                | Q(number__isnull=True) & ~Q(text=""),
                name="surveyanswer_number_or_text",
            ),
        ]

    def __str__(self) -> str:
        return f"Answer to {self.question}"
