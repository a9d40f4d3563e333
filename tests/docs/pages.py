"""Pages of the documentation: their code blocks and their generated parts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# before a block: <!-- slow -->, <!-- not run: why -->, <!-- fails -->, <!-- with: --option x -->
MARK = re.compile(r"<!-- (?P<name>slow|not run|fails|with)(?:: (?P<text>.+))? -->")
FENCE = re.compile(r"```(?P<language>\w*)")


@dataclass(frozen=True)
class Block:
    """A fenced code block of a page, with the marks on the lines before it."""

    page: Path
    line: int
    language: str
    text: str
    marks: Mapping[str, str]

    @property
    def place(self) -> str:
        """Page and line, as editors open them."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def commands(self) -> list[str]:
        """The commands of a shell block, continued lines joined."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line for line in lines if line.strip() and not line.startswith("#")]


def blocks(page: Path) -> list[Block]:
    """Find the fenced code blocks of a page, in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return list(find_blocks(page, lines))


def find_blocks(page: Path, lines: list[str]) -> Iterator[Block]:
    """Find the fenced code blocks among the lines of a page."""
    marks: dict[str, str] = {}
    language, start = "", 0  # of the block that is open, where one is
    for number, line in enumerate(lines, start=1):
        fence, mark = FENCE.fullmatch(line), MARK.fullmatch(line)
        if start and line == "```":
            text = "\n".join(lines[start : number - 1])
            yield Block(page, start, language, text, marks)
            start, marks = 0, {}
        elif fence and not start:
            start, language = number, fence["language"]
        elif not start:
            marks = {**marks, mark["name"]: mark["text"] or ""} if mark else {}


def replace_generated(text: str, name: str, content: str) -> str:
    """Replace the part of a page between the marks of a generated part."""
    begin, end = f"<!-- generated: {name} -->\n", "<!-- end of the generated part -->"
    before, found, rest = text.partition(begin)
    if not found or end not in rest:
        raise ValueError(f"no generated part '{name}'")
    return f"{before}{begin}\n{content.strip()}\n\n{end}{rest.partition(end)[2]}"
