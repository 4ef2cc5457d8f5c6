"""The files of deploy/ and the requirements, held against what the code knows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from collaborative.environment import VARIABLES, EnvironmentProblem, read
from tests.collaborative.installation import PROJECT, clean_environment

DEPLOY = PROJECT / "deploy"
NAMES = {variable.name for variable in VARIABLES}
NEEDED = {variable.name for variable in VARIABLES if variable.needed_in_production}
# Read by the image of the database server.
OF_POSTGRESQL = {"POSTGRES_USER", "POSTGRES_PASSWORD", "APPLICATION_PASSWORD"}


def example() -> dict[str, str]:
    lines = (DEPLOY / "environment.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def command_lines() -> list[str]:
    """Every command of the product in compose.yaml, the Containerfile and the systemd units."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    found = [
        " ".join(service["command"])
        for service in compose["services"].values()
        if service["image"] == "collaborative" and "command" in service
    ]
    container = re.search(r"^CMD \[(.*)\]$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    assert container
    found.append(container[1].replace('"', "").replace(",", ""))
    for unit in (DEPLOY / "systemd").glob("*.service"):
        found += re.findall(
            r"^ExecStart=/opt/collaborative/venv/bin/(.*)$", unit.read_text(), re.MULTILINE
        )
    return found


def test_example_sets_what_production_needs_and_nothing_unknown() -> None:
    assert set(example()) >= NEEDED
    assert set(example()) <= NAMES | OF_POSTGRESQL


def test_compose_has_each_process_once_and_all_share_one_environment() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services) == {"postgresql", "valkey", "prepare", "web", "worker", "beat"}
    for name in ("prepare", "web", "worker", "beat"):
        assert services[name]["env_file"] == "environment"
        assert services[name]["volumes"] == ["state:/srv/state"]
    assert services["postgresql"]["image"].endswith("postgres:18")


def test_services_are_the_same_in_containers_and_under_systemd() -> None:
    lines = "\n".join(command_lines())
    for part in (
        "gunicorn --config python:collaborative.web_server --bind",
        "celery --app collaborative worker --loglevel=INFO --concurrency=2",
        "celery --app collaborative beat --loglevel=INFO --pidfile= --schedule=",
        "python manage.py check --deploy --fail-level ERROR",
        "python manage.py prepare",
    ):
        assert lines.count(part) == 2, part


def test_gunicorn_accepts_its_configuration_and_finds_the_application() -> None:
    result = subprocess.run(
        [
            *(sys.executable, "-m", "gunicorn", "--check-config"),
            *("--config", "python:collaborative.web_server", "collaborative.wsgi"),
        ],
        cwd=PROJECT,
        env=clean_environment(SECRET_KEY="x" * 50),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_check_of_production_names_each_missing_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NEEDED:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemCheckError) as refusal:
        call_command("check", deploy=True, tags=["environment"])
    for name in NEEDED:
        assert f"{name} is not set." in str(refusal.value)


def test_check_of_production_is_content_with_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in example().items():
        monkeypatch.setenv(name, value or "filled-in")
    call_command("check", deploy=True, tags=["environment"])


def test_unreadable_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS", "perhaps")
    with pytest.raises(EnvironmentProblem, match="HTTPS cannot be read: write 1 or 0"):
        read("HTTPS")


def test_missing_secret_key_is_one_sentence(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env=clean_environment(STATE_DIR=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("SECRET_KEY is not set.")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_and_names_no_place(name: str) -> None:
    text = (PROJECT / name).read_text()
    assert "://" not in text
    for line in text.splitlines():
        requirement = line.partition("#")[0].strip()
        if requirement and requirement != "-r requirements.txt":
            assert re.fullmatch(
                r"[\w.-]+(\[\w+\])?==[\w.]+(; python_full_version < \"[\d.]+\")?", requirement
            ), line


def test_installed_packages_are_the_pinned_ones() -> None:
    """The lock is whole: nothing is installed in the tests' environment that it does not name."""
    if not (Path(sys.prefix) / "installed-requirements-dev.txt").exists():
        pytest.skip("not in the environment of script/test")
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "freeze"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    ).stdout
    pinned = set()
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (PROJECT / name).read_text().splitlines():
            requirement = re.sub(r"\[.*?\]", "", line.partition("#")[0].partition(";")[0]).strip()
            pinned.add(requirement.lower().replace("_", "-"))
    installed = {line.lower().replace("_", "-") for line in listed.splitlines()}
    assert installed <= pinned
