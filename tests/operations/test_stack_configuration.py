"""What `.env` and the environment ask for is understood, or refused in one clear line."""

import os
import socket
from pathlib import Path

import pytest

from operations.stack import application, configuration
from operations.stack.configuration import check_address, load, read_env_file
from operations.stack.errors import StackError


def env_file(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text, "utf-8")
    return path


def test_without_anything_all_servers_are_ours(tmp_path: Path) -> None:
    found = load(tmp_path, {})
    assert (found.host, found.port, found.data) == ("127.0.0.1", 8000, tmp_path / "var")
    assert all(found.embeds(variable) for variable in configuration.SCHEMES)


def test_env_file_names_servers_and_the_environment_wins(tmp_path: Path) -> None:
    env_file(tmp_path, "DATABASE_URL=postgres://a@b/c\nPORT=9000\nHOST=::1\n")
    found = load(tmp_path, {"PORT": "9001"})
    assert not found.embeds("DATABASE_URL")
    assert found.embeds("REDIS_URL")
    assert found.url == "http://[::1]:9001/"


def test_another_file_may_be_named(tmp_path: Path) -> None:
    env_file(tmp_path, "PORT=9000\n")
    (tmp_path / "other").write_text("PORT=9001\n")
    assert load(tmp_path, {"PARLEY_ENV_FILE": ""}).port == 9000
    assert load(tmp_path, {"PARLEY_ENV_FILE": "other"}).port == 9001
    assert load(tmp_path, {"PARLEY_ENV_FILE": os.devnull}).port == 8000


def test_env_file_is_read_as_the_settings_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import environ

    path = env_file(
        tmp_path,
        "# a comment\n\nPLAIN=a b # c\nexport EXPORTED=x=y\nSINGLE='it''s'\nDOUBLE=\"say \\\"hi\\\" \\n\"\nEMPTY=\n"
        'BOTH=\'"x"\'\nQUOTE="\nACCENT=é\n',
    )
    theirs: dict[str, str] = {}
    monkeypatch.setattr(environ.Env, "ENVIRON", theirs)
    environ.Env.read_env(path)
    assert read_env_file(path) == theirs
    assert len(theirs) == 8


def test_data_folder_counts_from_the_project(tmp_path: Path) -> None:
    assert load(tmp_path, {"PARLEY_DATA": "elsewhere"}).data == tmp_path / "elsewhere"
    assert load(tmp_path, {"PARLEY_DATA": "/srv/parley"}).data == Path("/srv/parley")


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1", "8000 ", "٣"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    with pytest.raises(StackError, match="PORT must be a number from 1 to 65535"):
        load(tmp_path, {"PORT": port})


@pytest.mark.parametrize("variable", list(configuration.SCHEMES))
def test_a_server_of_an_unknown_kind_is_refused(tmp_path: Path, variable: str) -> None:
    with pytest.raises(StackError, match=f"{variable} must begin with"):
        load(tmp_path, {variable: "localhost"})


@pytest.mark.parametrize("line", ["KEY = value", "nonsense", "two words=x"])
def test_a_line_of_env_that_is_none_is_refused_by_its_number(tmp_path: Path, line: str) -> None:
    env_file(tmp_path, f"GOOD=1\n{line}\n")
    with pytest.raises(StackError, match=r"\.env, line 2: KEY=VALUE"):
        load(tmp_path, {})


def test_an_env_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"KEY=\xff\n")
    with pytest.raises(StackError, match="cannot be read"):
        load(tmp_path, {})


def test_a_free_port_is_accepted_and_a_busy_one_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.listen()
        with pytest.raises(StackError, match=f"Port {port} on 127.0.0.1 is in use"):
            check_address("127.0.0.1", port)
    check_address("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid", "a b"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(StackError, match="is not an address of this machine"):
        check_address(host, 8000)


def test_the_application_is_told_what_fits_this_machine(tmp_path: Path) -> None:
    found = application.environment(load(tmp_path, {"PORT": "8001", "ALLOWED_HOSTS": ""}), {}, "key")
    assert found["ALLOWED_HOSTS"] == "localhost,127.0.0.1"
    assert found["PARLEY_ORIGINS"] == "http://localhost:8001,http://127.0.0.1:8001"
    assert found["STATIC_ROOT"] == str(tmp_path / "var" / "static")
    assert found["SECRET_KEY"] == "key"


def test_what_was_asked_for_goes_before_what_fits(tmp_path: Path) -> None:
    asked = {"ALLOWED_HOSTS": "chat.example.org", "SECRET_KEY": "theirs", "DATABASE_URL": "postgres://x/y"}
    found = application.environment(load(tmp_path, asked), {"REDIS_URL": "unix:///ours"}, "key")
    assert found.items() >= {**asked, "REDIS_URL": "unix:///ours"}.items()


def test_a_host_of_its_own_is_among_the_names(tmp_path: Path) -> None:
    found = application.environment(load(tmp_path, {"HOST": "::1"}), {}, "key")
    assert found["ALLOWED_HOSTS"] == "localhost,127.0.0.1,[::1]"
    assert found["PARLEY_ORIGINS"].endswith(",http://[::1]:8000")
