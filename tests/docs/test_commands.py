"""Every command and every Python example of the documentation runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.commands import run_block
from tests.docs.pages import PAGES, Block, blocks
from tests.docs.scratch import make_scenes

RUN = ("sh", "python")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with small scenes as the working directory."""
    make_scenes(tmp_path)
    monkeypatch.chdir(tmp_path)


def run_page(page: Path, wanted: Callable[[Block], bool]) -> None:
    """Run the blocks of a page in order, as a reader would."""
    names: dict[str, Any] = {}
    for block in filter(wanted, blocks(page)):
        if block.language == "python":
            exec(compile(block.text, block.place, "exec"), names)
        else:
            run_block(block)


def is_run(block: Block) -> bool:
    """Whether a block holds commands that a test runs."""
    return block.language in RUN and "not run" not in block.marks


def is_quick(block: Block) -> bool:
    """Whether a block is run with every suite."""
    return is_run(block) and "slow" not in block.marks


def pages_with(wanted: Callable[[Block], bool]) -> list[Path]:
    """The pages that have such blocks."""
    return [page for page in PAGES if any(map(wanted, blocks(page)))]


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize("page", pages_with(is_quick), ids=lambda page: page.stem)
def test_quick_commands(page: Path) -> None:
    run_page(page, is_quick)


@pytest.mark.slow
@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize(
    "page", pages_with(lambda block: is_run(block) and "slow" in block.marks), ids=lambda p: p.stem
)
def test_all_commands(page: Path) -> None:
    run_page(page, is_run)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_not_run_has_a_reason(page: Path) -> None:
    for block in blocks(page):
        reason = block.marks.get("not run", "a reason")
        assert len(reason.split()) > 1, f"{block.place}: <!-- not run: why -->"
        assert block.language, f"{block.place}: a fence without a language"
