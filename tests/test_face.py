"""`import nl2net`, and the package that pip installs."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nl2net
from detection.estimator import AnomalyDetector
from model.methods import METHODS
from options.version import VERSION

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(nl2net.__file__).parent


def test_the_face_has_what_it_names() -> None:
    assert all(hasattr(nl2net, name) for name in nl2net.__all__)
    assert nl2net.METHODS is METHODS and nl2net.AnomalyDetector is AnomalyDetector
    assert nl2net.__version__ == VERSION


def test_a_module_that_hides_a_room_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()  # a folder of scenes hides nothing
    command = [sys.executable, "-c", f"import sys; sys.path.append({str(ROOT)!r}); import nl2net"]
    (tmp_path / "utils.py").touch()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: '") and "utils.py' hides the package 'utils'" in last
    (tmp_path / "utils.py").unlink()
    assert subprocess.run(command, cwd=tmp_path).returncode == 0


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_all_files_of_the_rooms_are_installed(declared: dict[str, Any]) -> None:
    setuptools = declared["tool"]["setuptools"]
    rooms = [name.rstrip("*") for name in setuptools["packages"]["find"]["include"]]
    assert {file.parent.name for file in ROOT.glob("*/__init__.py")} == {
        *(*rooms, "benchmarks", "tests")
    }
    assert setuptools["py-modules"] == sorted(file.stem for file in ROOT.glob("*.py"))
    for room in rooms:
        patterns = setuptools["package-data"].get(room, ())
        installed = {file for pattern in patterns for file in (ROOT / room).glob(pattern)}
        kinds = (".html", ".css", ".js", ".toml", ".csv", ".json")
        needed = {file for file in (ROOT / room).rglob("*") if file.suffix in kinds}
        assert needed <= installed


def test_requirements_are_the_one_list(declared: dict[str, Any]) -> None:
    dynamic = declared["tool"]["setuptools"]["dynamic"]
    extras = dynamic["optional-dependencies"]
    files = {
        name for extra in [dynamic["dependencies"], *extras.values()] for name in extra["file"]
    }
    assert files == {file.name for file in ROOT.glob("requirements*.txt")}
    assert dynamic["version"]["attr"] == "options.version.VERSION"
    assert declared["project"]["scripts"] == {"nl2net": "main:console"}
