"""The rooms of the house: which may import from which, and that no modules import in a circle."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# from the top down; a room may import from itself and from those on lower floors
FLOORS = (
    ("tests",),
    ("benchmarks",),
    ("main", "nl2net"),
    ("training", "experiments"),
    ("detection",),
    ("options", "data"),
    ("model", "utils"),
)
ROOMS = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# arrows that the floors do not have: module, imported module, and why that is so for now
KNOWN: dict[tuple[str, str], str] = {}


def modules() -> dict[str, Path]:
    """The modules of the rooms by their dotted names, packages by those of their folders."""
    files = [ROOT / f"{room}.py" for room in ROOMS]
    files += [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
        if file.is_file()
    }


MODULES = modules()


def imported(source: str) -> Iterator[str]:
    """The modules of the rooms that a source imports, at its top, in functions, or for types."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            within = [f"{node.module}.{name.name}" for name in node.names]
            names = [name if name in MODULES else str(node.module) for name in within]
        else:
            continue
        yield from (name for name in names if name in MODULES)


def goes_down(importer: str, other: str) -> bool:
    """Whether a module may import another by the floors of their rooms."""
    own, room = importer.partition(".")[0], other.partition(".")[0]
    return own == room or ROOMS[own] < ROOMS[room]


@cache
def imports() -> dict[str, set[str]]:
    """The modules that each module imports."""
    return {
        module: set(imported(file.read_text(encoding="utf-8"))) for module, file in MODULES.items()
    }


def test_every_room_is_there_and_every_folder_of_modules_is_a_package() -> None:
    assert {module.partition(".")[0] for module in MODULES} == set(ROOMS)
    for file in MODULES.values():
        assert file.parent == ROOT or file.with_name("__init__.py").is_file()


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_down_the_floors(room: str) -> None:
    wrong = {
        (module, other)
        for module, others in imports().items()
        for other in others
        if module.partition(".")[0] == room and not goes_down(module, other)
    }
    assert wrong == {arrow for arrow in KNOWN if arrow[0].partition(".")[0] == room}


def test_no_modules_import_in_a_circle() -> None:
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        pytest.fail(" ← ".join(error.args[1]))


def test_what_is_found_to_import_is_what_a_source_imports() -> None:
    source = """
import model.build
from data.formats import registry
if TYPE_CHECKING:
    from data.scene import Scene
def late():
    from utils import errors, files as kept
    import numpy.typing
"""
    assert sorted(imported(source)) == [
        *("data.formats.registry", "data.scene", "model.build", "utils.errors", "utils.files")
    ]
    assert goes_down("main", "utils.files") and goes_down("detection.task", "options.parse")
    assert not goes_down("training.loop", "experiments.cell")
    assert not goes_down("model.build", "utils.errors")
    assert not goes_down("data.info", "options.parse")
