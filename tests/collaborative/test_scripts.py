"""The scripts on a machine that lacks something."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.collaborative.installation import PROJECT, clean_environment

sys.path.insert(0, str(PROJECT / "script"))
import install

sys.path.pop(0)


def folder_with(tmp_path: Path, *programs: str) -> Path:
    """A PATH of its own, with these programs of the machine."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in programs:
        found = shutil.which(program)
        assert found
        (folder / program).symlink_to(found)
    return folder


@pytest.mark.parametrize("script", ["run", "test", "check"])
def test_python_that_is_too_old_is_said_in_one_sentence(tmp_path: Path, script: str) -> None:
    folder = folder_with(tmp_path, "dirname", "sh", "id")
    for name in (
        "python3",
        "python3.11",
    ):  # a stub that is on PATH and does not run is no Python either
        stub = folder / name
        stub.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexit 1\n')
        stub.chmod(0o755)
    result = subprocess.run(
        ["/bin/sh", str(PROJECT / "script" / script)],
        env=clean_environment(PATH=str(folder)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Python 3.11, 3.12 or 3.13 with its venv module is needed")
    assert "Python 3.9.2" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project whose environment is this one."""
    (tmp_path / "requirements.txt").write_text("one==1\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\ntwo==2\n")
    environment = tmp_path / ".venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(install, "PROJECT", tmp_path)
    monkeypatch.setattr(install, "ENVIRONMENT", environment)
    monkeypatch.setattr(install, "PYTHON", environment / "bin" / "python")
    monkeypatch.setattr(install, "UNFINISHED", environment / "unfinished")
    install.stamp("requirements-dev.txt").write_text(install.fingerprint("requirements-dev.txt"))
    return tmp_path


def test_environment_is_whole_when_nothing_has_changed(project: Path) -> None:
    assert install.is_installed("requirements-dev.txt")
    assert not install.is_installed("requirements.txt")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_environment_is_stale_when_a_pin_has_changed(project: Path, name: str) -> None:
    (project / name).write_text((project / name).read_text() + "three==3\n")
    assert not install.is_installed("requirements-dev.txt")


def test_interrupted_installation_is_not_whole(project: Path) -> None:
    install.UNFINISHED.touch()
    assert not install.is_installed("requirements-dev.txt")


def test_environment_whose_python_is_gone_is_not_whole(project: Path) -> None:
    install.PYTHON.unlink()
    install.PYTHON.symlink_to("/nowhere/python3")
    assert not install.is_installed("requirements-dev.txt")


def test_full_disk_is_said_in_one_sentence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "FREE_BYTES_NEEDED", 10**18)
    with pytest.raises(
        SystemExit, match=r"There is not enough disk space: .* 1000000000 GB are needed"
    ):
        install.install("requirements.txt")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_folder_that_cannot_be_written_is_said_in_one_sentence(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.chmod(0o500)
    try:
        with pytest.raises(SystemExit, match="cannot be made in .*Permission denied"):
            install.main("requirements.txt")
    finally:
        project.chmod(0o700)
