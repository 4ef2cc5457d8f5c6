"""Choices of improvement projects."""

from django.db.models import TextChoices


class Workstream(TextChoices):
    CLINICAL = "clinical", "Clinical care"
    REAL_DATA = "real_data", "Race, ethnicity and language data"
    SUSTAINABILITY = "sustainability", "Sustainability"


class PopulationScope(TextChoices):
    """Whose care a project changes; the two are never mixed in one line of a chart."""

    ALL_PATIENTS = "all_patients", "All patients"
    PAYER_MEMBERS = "payer_members", "The payer's members only"


class ProjectStatus(TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    FINISHED = "finished", "Finished"
    STOPPED = "stopped", "Stopped"
