"""From a clean clone to an environment, over and over, whatever ended the time before."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from installer.environment import Environment
from installer_project import Project


def made(project: Project) -> None:
    result = project.bootstrap()
    assert result.returncode == 0, result.stderr


def test_the_lock_is_installed_with_the_projects_own_packages(project: Project) -> None:
    made(project)
    assert project.ask("import tiny, mozaiks, mozaiks_local; print(tiny.version)") == "1.0"


def test_the_command_runs_from_any_folder_and_gets_its_arguments(project: Project, tmp_path: Path) -> None:
    made(project)
    command = [str(project.venv / "bin" / "mozaiks"), "chat", "two words"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['chat', 'two words']"


def test_packages_are_compiled(project: Project) -> None:
    made(project)
    assert list(project.venv.glob("lib/python*/site-packages/__pycache__/tiny.*.pyc"))


def test_long_steps_are_announced(project: Project) -> None:
    project.write_lock("2.0")
    said = project.bootstrap().stderr
    assert "Looking up packages" in said
    assert "The Python environment is ready" in said


def test_a_second_run_is_silent_and_needs_no_package_source(project: Project) -> None:
    made(project)
    result = project.bootstrap(env=project.environment(PIP_FIND_LINKS="/nowhere"))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_changed_lock_is_installed(project: Project) -> None:
    made(project)
    project.write_lock("2.0")
    made(project)
    assert project.ask("import tiny; print(tiny.version)") == "2.0"


def test_the_test_environment_serves_the_local_use_too(project: Project) -> None:
    project.write_lock("1.0", use="test")
    assert project.bootstrap("test").returncode == 0
    assert Environment(project.root).is_ready("local")


def test_a_lock_of_another_use_that_changed_since_is_not_taken_for_installed(project: Project) -> None:
    project.write_lock("1.0", use="test")
    assert project.bootstrap("test").returncode == 0
    project.write_lock("2.0", use="test")
    project.write_lock("2.0")
    made(project)
    project.write_lock("1.0", use="test")
    assert not Environment(project.root).is_ready("test")


def test_an_installation_killed_half_way_is_begun_anew(project: Project) -> None:
    made(project)
    project.write_lock("2.0")
    command = [sys.executable, str(project.root / "local" / "bootstrap.py"), "local"]
    process = subprocess.Popen(command, env=project.environment(), stderr=subprocess.DEVNULL, start_new_session=True)
    unfinished = project.venv / ".mozaiks-unfinished"
    while not unfinished.exists() and process.poll() is None:
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (project.venv / "bin" / "python").unlink(missing_ok=True)
    made(project)
    assert project.ask("import tiny; print(tiny.version)") == "2.0"
    assert not unfinished.exists()


def test_a_terminated_installation_ends_what_it_started(project: Project, tmp_path: Path) -> None:
    made(project)
    project.write_lock("2.0")
    # pip imports this first: it says who it is and then takes its time.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys, time\n"
        "if 'pip' in sys.orig_argv and 'install' in sys.orig_argv:\n"
        f"    open({str(tmp_path / 'pip.pid')!r}, 'w').write(f'{{os.getpid()}}\\n')\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, str(project.root / "local" / "bootstrap.py"), "local"]
    env = project.environment(PYTHONPATH=str(tmp_path))
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    report = tmp_path / "pip.pid"
    while not (report.exists() and report.read_text().endswith("\n")):
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.endswith("Interrupted; the next run begins the installation anew.\n")
    assert not psutil.pid_exists(int(report.read_text()))


def test_an_environment_without_its_packages_is_made_again(project: Project) -> None:
    made(project)
    for packages in project.venv.glob("lib/python*/site-packages"):
        packages.rename(packages.with_name("gone"))
    made(project)
    assert project.ask("import tiny; print(tiny.version)") == "1.0"


def test_a_moved_project_is_not_taken_for_ready(project: Project, tmp_path: Path) -> None:
    made(project)
    moved = project.root.rename(tmp_path / "moved")
    try:
        assert not Environment(moved).is_ready("local")
    finally:
        moved.rename(project.root)


def test_two_installations_at_once_both_succeed(project: Project) -> None:
    made(project)
    project.write_lock("2.0")
    command = [sys.executable, str(project.root / "local" / "bootstrap.py"), "local"]
    both = [subprocess.Popen(command, env=project.environment(), stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert project.ask("import tiny; print(tiny.version)") == "2.0"


def test_an_unreachable_registry_is_one_sentence(project: Project) -> None:
    made(project)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    project.write_lock("3.0", digest="0" * 64)
    env = project.environment(PIP_INDEX_URL=f"http://127.0.0.1:{port}/simple")
    del env["PIP_NO_INDEX"]
    result = project.bootstrap(env=env)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("error: The package registry cannot be reached: check the network")


def test_a_file_that_is_not_the_locked_one_is_refused(project: Project) -> None:
    project.write_lock("1.0", digest="0" * 64)
    result = project.bootstrap()
    assert result.returncode == 1
    assert "error: A downloaded file is not the locked one (tiny==1.0)" in result.stderr


def test_a_package_the_registry_lacks_is_named(project: Project) -> None:
    project.write_lock("9.9", digest="0" * 64)
    result = project.bootstrap()
    assert result.returncode == 1
    assert "error: The package registry has no tiny==9.9 for Python 3." in result.stderr


def test_a_python_without_ensurepip_but_with_pip_will_do(project: Project, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n")
    shutil.rmtree(project.venv, ignore_errors=True)
    result = project.bootstrap(env=project.environment(PYTHONPATH=str(tmp_path)))
    assert result.returncode == 0, result.stderr
    assert not list(project.venv.glob("lib/python*/site-packages/pip"))
    assert project.ask("import tiny; print(tiny.version)") == "1.0"


def test_a_python_with_neither_is_told_what_to_install(project: Project, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n")
    shutil.rmtree(project.venv, ignore_errors=True)
    result = project.bootstrap(python=str(bare / "bin" / "python"), env=project.environment(PYTHONPATH=str(tmp_path)))
    assert result.returncode == 1
    assert "run apt-get install -y python3-venv" in result.stderr


def test_an_unknown_use_is_refused(project: Project) -> None:
    result = project.bootstrap("everything")
    assert (result.returncode, result.stderr) == (2, "usage: bootstrap.py local|test|lock|page\n")


UNDER_AN_OLD_PYTHON = """
import runpy, sys
del sys.argv[0]
sys.version_info = (3, 8, 10, "final", 0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def bootstrap_under_an_old_python(project: Project, path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", UNDER_AN_OLD_PYTHON, str(project.root / "local" / "bootstrap.py"), "local"]
    return subprocess.run(command, env={"PATH": f"/nowhere:{path}"}, capture_output=True, text=True, check=False)


def test_an_old_python_is_named_in_one_sentence(project: Project, tmp_path: Path) -> None:
    result = bootstrap_under_an_old_python(project, tmp_path)
    assert result.returncode == 1
    assert result.stderr == (
        "error: Python 3.11 or later is needed and this is 3.8: install a newer one and run it again.\n"
    )


@pytest.mark.parametrize("name", ["python3.11", "python3.14"])
def test_an_old_python_goes_on_under_a_newer_one_of_the_machine(project: Project, tmp_path: Path, name: str) -> None:
    newer = tmp_path / name
    newer.write_text('#!/bin/sh\n[ "$1" = -c ] || echo "newer: $@"\n')
    newer.chmod(0o755)
    result = bootstrap_under_an_old_python(project, tmp_path)
    assert result.stdout == f"newer: {project.root}/local/bootstrap.py local\n"
