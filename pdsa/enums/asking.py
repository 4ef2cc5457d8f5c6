"""Choices around asking people for race, ethnicity and language."""

from django.db.models import TextChoices


class StaffRole(TextChoices):
    """Who asks, or helps those who do."""

    FRONT_DESK = "front_desk", "Front desk"
    CALL_CENTER = "call_center", "Call center"
    MEDICAL_ASSISTANT = "medical_assistant", "Medical assistant"
    NURSE = "nurse", "Nurse"
    CLINICIAN = "clinician", "Clinician"
    INTERPRETER = "interpreter", "Interpreter or health worker"
    MANAGER = "manager", "Manager"
    OTHER = "other", "Other"


class TrainingTopic(TextChoices):
    ASKING = "asking", "How to ask"
    WHY = "why", "Why we ask, and how to say it"
    RECORDING = "recording", "How to record answers"
    RESPECT = "respect", "Respectful words"
    REFRESHER = "refresher", "Refresher"


class Situation(TextChoices):
    """When a script is said or read."""

    REGISTRATION = "registration", "At registration"
    PHONE = "phone", "On the phone"
    PAPER = "paper", "On paper or in the portal"
    WHY = "why", "Somebody asks why"
    DECLINED = "declined", "Somebody would rather not say"
    AGAIN = "again", "Asking again"


class ScriptLanguage(TextChoices):
    ENGLISH = "en", "English"
    SPANISH = "es", "Spanish"
    PORTUGUESE = "pt", "Portuguese"
    HAITIAN_CREOLE = "ht", "Haitian Creole"
    CHINESE = "zh", "Chinese"
    VIETNAMESE = "vi", "Vietnamese"
    KHMER = "km", "Khmer"
    RUSSIAN = "ru", "Russian"
    ARABIC = "ar", "Arabic"
    OTHER = "other", "Another language"
