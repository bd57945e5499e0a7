from __future__ import annotations

import pytest

from installer_project import Project, make_project


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("a project"))


@pytest.fixture
def project(shared_project: Project) -> Project:
    """The project with its first lock; its environment is what the test before left, which must not matter."""
    shared_project.write_lock("1.0")
    return shared_project
