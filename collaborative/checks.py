"""Checks at start: `manage.py check --deploy` says what a production site has not set."""

from __future__ import annotations

import os
from typing import Any

from django.core.checks import CheckMessage, Error, register

from collaborative.environment import VARIABLES


@register("environment", deploy=True)
def check_environment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """One error for each variable that production needs and that is not set."""
    return [
        Error(
            f"{variable.name} is not set.",
            hint=variable.meaning,
            id="collaborative.E001",
        )
        for variable in VARIABLES
        if variable.needed_in_production and not os.environ.get(variable.name)
    ]
