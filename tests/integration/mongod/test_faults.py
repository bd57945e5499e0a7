"""Each thing that keeps a server from starting gives one sentence that says what to do."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mozaiks_local.mongod import EmbeddedMongod, MongodError, layout
from mozaiks_local.mongod.binary import find_binary

FakeMongod = Callable[[str], Path]


def failure(data_dir: Path, **options: Any) -> MongodError:
    with pytest.raises(MongodError) as caught:
        EmbeddedMongod(data_dir, **options).start()
    assert "\n" not in caught.value.message
    return caught.value


def loader_error(library: str) -> str:
    text = f"error while loading shared libraries: {library}: cannot open shared object file: No such file or directory"
    return f'echo "mongod: {text}" >&2; exit 127'


@pytest.mark.parametrize(
    ("script", "code", "advice"),
    [
        (loader_error("libcurl.so.4"), "MISSING_LIBRARY", "apt-get install -y --no-install-recommends libcurl4"),
        (loader_error("libstrange.so.7"), "MISSING_LIBRARY", "the library libstrange.so.7"),
        ('printf "libc.so.6: version \\140GLIBC_2.99\' not found" >&2; exit 1', "MISSING_LIBRARY", "GLIBC_2.99"),
        ("kill -ILL $$", "CPU_UNSUPPORTED", "AVX"),
        ("exit 132", "CPU_UNSUPPORTED", "MONGODB_URI"),
        ("echo 'write failed: No space left on device'; exit 100", "NO_SPACE", "MOZAIKS_DATA_DIR"),
        ("exit 62", "DATA_VERSION", "APP_MONGOD"),
        ("echo 'Failed: Address already in use'; exit 48", "PORT_TAKEN", "taken by another program"),
        ("echo 'something odd'; exit 3", "START_FAILED", "status 3 while starting (something odd)"),
        ("kill -SEGV $$", "START_FAILED", "ended by signal 11"),
    ],
)
def test_a_server_that_ends_at_once_is_explained(
    fake_mongod: FakeMongod, data_dir: Path, script: str, code: str, advice: str
) -> None:
    fake_mongod(script)
    error = failure(data_dir)
    assert error.code == code
    assert advice in error.message


def test_a_program_for_another_system_is_explained(fake_mongod: FakeMongod, data_dir: Path) -> None:
    fake_mongod("").write_bytes(b"\x7fELF for a machine that does not exist")
    error = failure(data_dir)
    assert error.code == "BINARY_UNUSABLE"
    assert "cannot execute" in error.message


def test_a_server_that_never_listens_is_given_up_and_ended(fake_mongod: FakeMongod, data_dir: Path) -> None:
    fake_mongod("exec sleep 600")
    assert failure(data_dir, start_timeout=0.5).code == "START_TIMEOUT"
    # Nothing holds the folder any more: a start with a real server works.
    fake_mongod(f"exec '{find_binary({})}' \"$@\"")
    with EmbeddedMongod(data_dir) as mongod:
        assert not mongod.attached


def test_a_taken_port_that_was_asked_for_is_an_error(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        error = failure(data_dir, port=port)
    assert error.code == "PORT_TAKEN"
    assert f"Port {port} is taken" in error.message


def test_a_nearly_full_disk_is_refused_before_anything_starts(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MIN_FREE_BYTES", 2**60)
    error = failure(data_dir)
    assert error.code == "NO_SPACE"
    assert not (data_dir / "mongod.log").exists()


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    assert failure(path).code == "DATA_DIR_UNUSABLE"


def test_a_missing_libcurl_is_taken_from_the_pycurl_wheel(fake_mongod: FakeMongod, data_dir: Path) -> None:
    # The loader of a machine without libcurl, then the real server with nothing but the wheel's.
    fake_mongod(
        'found=$(echo "$LD_LIBRARY_PATH" | cut -d: -f1)/libcurl.so.4\n'
        f'[ -e "$found" ] || {{ {loader_error("libcurl.so.4")}; }}\n'
        f"exec '{find_binary({})}' \"$@\""
    )
    with EmbeddedMongod(data_dir) as mongod:
        loaded = Path(f"/proc/{mongod.pid}/maps").read_text()
    assert "pycurl.libs/libcurl-" in loaded


def test_app_mongod_that_is_no_file_is_named() -> None:
    with pytest.raises(MongodError, match="'/nowhere/mongod', which is no file") as caught:
        find_binary({"APP_MONGOD": "/nowhere/mongod"})
    assert caught.value.code == "BINARY_MISSING"


def test_app_mongod_that_is_not_executable_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mongod"
    path.touch(0o644)
    with pytest.raises(MongodError, match="not executable") as caught:
        find_binary({"APP_MONGOD": str(path)})
    assert caught.value.code == "BINARY_UNUSABLE"


def test_app_mongod_comes_before_the_wheel(fake_mongod: FakeMongod) -> None:
    path = fake_mongod("exit 0")
    assert find_binary() == path


def test_the_wheels_server_comes_before_the_one_on_the_path(tmp_path: Path) -> None:
    other = tmp_path / "mongod"
    other.touch(0o755)
    assert find_binary({"PATH": str(tmp_path)}) != other
