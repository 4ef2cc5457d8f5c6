#!/usr/bin/env python
"""Command-line entry of the project."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "collaborative.settings")
    from django.core.management import execute_from_command_line

    from collaborative import environment, local

    try:
        local.complete_environment(starting=sys.argv[1:2] == ["up"])
        execute_from_command_line(sys.argv)
    except environment.EnvironmentProblem as problem:
        sys.exit(str(problem))
