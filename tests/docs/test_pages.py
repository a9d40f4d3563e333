"""The documentation is current: its generated parts, links, and lists."""

import re
from pathlib import Path

import pytest

from data.formats.registry import FORMATS, SCENE_FORMATS
from detection.measures import MEASURES
from experiments.declaration import TABLES
from experiments.layouts import LAYOUTS
from model.methods import METHODS
from tests.docs.generate import (
    OPTIONS,
    SCENES,
    TROUBLESHOOTING,
    messages,
    options_part,
    scenes_part,
    scratch_folder,
)
from tests.docs.pages import PAGES, ROOT, replace_generated

OUTDATED = "run python -m tests.docs.generate"
LINK = re.compile(r'(?:\]\(|src=")([^)\s"]+)[)"]')
HEADING = re.compile(r"#+ (.+)")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("page", "name", "content"),
    [(OPTIONS, "options", options_part), (SCENES, "known scenes", scenes_part)],
    ids=["options", "scenes"],
)
def test_generated_parts_are_current(page: Path, name: str, content: object) -> None:
    assert callable(content)
    assert replace_generated(text_of(page), name, content()) == text_of(page), OUTDATED


def test_messages_are_current() -> None:
    with scratch_folder():
        found = messages(TROUBLESHOOTING)
    assert len(found) > 10
    for block, message in found:
        assert block.text == message, f"{block.place}: {OUTDATED}"


def test_readme_is_short() -> None:
    assert len(text_of(ROOT / "README.md").splitlines()) <= 250


def test_readme_links_to_every_page() -> None:
    readme = text_of(ROOT / "README.md")
    assert [page.name for page in PAGES[1:] if f"(docs/{page.name}" not in readme] == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL))
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(text_of(page)):
        if link.startswith("http"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("methods", list(METHODS)),
        ("tables", sorted(table.stem for table in TABLES.glob("*.toml"))),
    ],
)
def test_lists_are_complete(page: str, names: list[str]) -> None:
    text = text_of(ROOT / "docs" / f"{page}.md")
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", ["README.md", "docs/scenes.md"])
def test_every_format_is_named(page: str) -> None:
    formats = SCENE_FORMATS if page == "README.md" else FORMATS
    names = [name for format in formats for name in format.name.split("/")]
    assert [name for name in names if name not in text_of(ROOT / page)] == []


def test_modules_named_exist() -> None:
    for page in PAGES:
        for name in re.findall(r"`([\w/]+/\w+\.(?:py|toml|csv|json))`", text_of(page)):
            assert (ROOT / name).exists(), f"{page.name}: {name}"


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_is_described(name: str) -> None:
    assert f"`{name}`" in text_of(ROOT / "docs" / "outputs.md")


def test_the_example_of_a_table_lists_the_layouts() -> None:
    (listed,) = re.findall(r'show = "auc" +# (.+)', text_of(ROOT / "docs" / "tables.md"))
    assert set(re.split(r", | or ", listed)) == set(LAYOUTS)
