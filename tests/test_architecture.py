"""Rules of the house that the import contracts in pyproject.toml cannot say."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("accounts", "agents", "conversations", "operations", "chatsite", "api", "integrations")
FILES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text())
    for package in OURS
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts
}
DOORS = ("conversations/views.py", "conversations/consumers.py", "conversations/forms.py")


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Every module that is imported, with the statement that does it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, node) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node
            yield from ((f"{node.module}.{name.name}", node) for name in node.names)


def who_imports(module: str) -> set[str]:
    """The files that import this module or something in it."""
    return {
        file
        for file, tree in FILES.items()
        if any(name == module or name.startswith(f"{module}.") for name, _ in imports(tree))
    }


def test_there_is_something_to_look_at() -> None:
    assert {"conversations/turns/sending.py", "agents/client.py", "operations/server.py"} <= set(FILES)


def test_the_channel_layer_is_known_to_live_and_to_the_socket_door() -> None:
    assert who_imports("channels.layers") == {"conversations/live/names.py"}
    speak = {file for file, tree in FILES.items() if "channel_layer" in ast.dump(tree)}
    assert speak <= {
        "conversations/layer.py",
        "conversations/live/names.py",
        "conversations/consumers.py",
        "chatsite/settings.py",
    }


def test_celery_is_known_to_the_application_and_to_tasks() -> None:
    allowed = {"chatsite/celery.py", *(file for file in FILES if file.endswith("/tasks.py"))}
    assert who_imports("celery") | who_imports("kombu") <= allowed
    callers = who_imports("conversations.tasks")
    assert all(file.startswith(("operations/management/commands/", "chatsite/asgi.py")) for file in callers), callers


def test_the_models_own_library_is_known_to_one_file() -> None:
    assert who_imports("openai") == {"agents/client.py"}


def test_redis_is_known_to_live_and_to_its_layer_but_for_health_and_settings() -> None:
    known = {file for file in who_imports("redis") if not file.startswith("operations/stack/")}
    assert known == {
        "conversations/layer.py",
        "conversations/live/reply_log.py",
        "conversations/live/telling.py",
        "operations/health.py",
        "chatsite/settings.py",
    }


@pytest.mark.parametrize("name", ["utils", "util", "helpers", "helper", "misc", "common", "shared", "base"])
def test_no_module_is_named_after_nothing(name: str) -> None:
    """But for one whose name is Django's: it looks for a database backend in a module of that name."""
    named = {file for file in FILES if name in Path(file).with_suffix("").parts}
    assert named <= {"operations/postgres/base.py"}


@pytest.mark.parametrize("package", ["conversations", "agents"])
def test_the_plan_of_the_house_names_every_room(package: str) -> None:
    plan = (ROOT / "docs" / "architecture.md").read_text()
    here = {path for path in (ROOT / package).iterdir() if not path.name.startswith("__")}
    rooms = {path.name for path in here if path.suffix == ".py"} | {f"{path.name}/" for path in here if path.is_dir()}
    assert not [room for room in rooms - {"apps.py", "migrations/"} if f"`{room}`" not in plan]


def test_what_is_called_pure_is_held_to_it() -> None:
    """All of agents/ but the records and those that handle them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (held,) = (set(c["source_modules"]) for c in contracts if c["name"].startswith("What speaks to a model"))
    records = {f"agents.{name}" for name in ("models", "admin", "apps", "defaults", "publishing", "__init__")}
    there = {file.removesuffix(".py").replace("/", ".") for file in FILES if file.startswith("agents/")}
    assert there - records == held


def test_no_import_hides_in_a_function() -> None:
    """Of our own modules: such an import hides a circle. Django asks for it in `ready`."""
    hidden = [
        f"{file}:{statement.lineno} {function.name}"
        for file, tree in FILES.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        if not (file.endswith("/apps.py") and function.name == "ready")
        for module, statement in imports(function)
        if module.partition(".")[0] in OURS
    ]
    assert not hidden


@pytest.mark.parametrize("door", [door for door in DOORS if door in FILES])
def test_a_door_fetches_no_row_by_its_id(door: str) -> None:
    """Rows are found by `visible_to(user)`, and that is not done in a door."""
    source = (ROOT / door).read_text()
    assert not re.search(r"\bobjects\b|get_object_or_404|\b(?:filter|get)\(\s*(?:pk|id)\s*=|__in=", source)


@pytest.mark.parametrize("door", [door for door in DOORS if door in FILES])
def test_a_door_uses_no_asynchronous_queries(door: str) -> None:
    """They would all run in one thread of the process."""
    assert not re.search(
        r"\.a(?:get|save|create|first|last|count|exists|update|delete|aggregate)\(", (ROOT / door).read_text()
    )


def test_models_have_no_side_effects() -> None:
    for file, tree in FILES.items():
        if file.endswith("/models.py") or "/models/" in file:
            defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert not defined & {"save", "delete", "ready"}, file
            assert not [name for name, _ in imports(tree) if "signals" in name or "dispatch" in name], file


def test_nothing_is_left_for_later() -> None:
    """No stub and no note to do it one day."""
    for file in FILES:
        assert not re.search(r"\b(?:TODO|FIXME|XXX|HACK)\b|NotImplementedError", (ROOT / file).read_text()), file
