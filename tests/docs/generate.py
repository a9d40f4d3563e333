"""Write the generated parts of the documentation: `python -m tests.docs.generate`.

These are the options, from the parser; the known scenes, from the catalogue; and the messages on
the page of troubleshooting, from the commands there.
"""

import argparse
import contextlib
import os
import re
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import torch

from data.known_scenes.catalogue import catalogue
from options.parser import build_parser
from tests.docs.commands import run_block
from tests.docs.pages import ROOT, Block, blocks, replace_generated
from tests.docs.scratch import make_scenes

OPTIONS, SCENES, TROUBLESHOOTING = (
    ROOT / "docs" / f"{name}.md" for name in ("options", "scenes", "troubleshooting")
)

# messages are one line in a terminal; on a page a long line would be cut off
WRAPPER = textwrap.TextWrapper(width=96, break_long_words=False, break_on_hyphens=False)


def options_part() -> str:
    """Describe every option of the command line, one table for each group of `--help`."""
    parser = build_parser()
    tables = []
    for group in parser._action_groups:  # argparse has no public list of them
        actions = [
            action
            for action in group._group_actions
            if action.dest != "help" and action.help != argparse.SUPPRESS
        ]
        if actions:
            rows = "\n".join(map(option_row, actions))
            heading = "| option | default | meaning |\n|---|---|---|"
            title = "general" if group.title == "options" else str(group.title)
            tables.append(f"## {title.capitalize()}\n\n{heading}\n{rows}")
    return "\n\n".join([*tables, str(parser.epilog)])


def option_row(action: argparse.Action) -> str:
    """Describe one option as a row of a table."""
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    choices = ", ".join(f"`{choice}`" for choice in action.choices or ())
    meaning = re.sub(r" \(default: .*\)$", "", (action.help or "").replace("%%", "%"))
    cells = [f"{names} ({choices})" if choices else names, default_of(action), meaning]
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def default_of(action: argparse.Action) -> str:
    """Format the default of an option, a dash where it has none."""
    if action.default is None or action.default is False or action.default == argparse.SUPPRESS:
        return "–"
    values = action.default if isinstance(action.default, tuple) else (action.default,)
    return f"`{','.join(map(str, values))}`"


def scenes_part() -> str:
    """List the scenes of the catalogue with what is known about them."""
    rows = [
        "| name, and file in `data/` without `.mat` | also called | place | sensor | size "
        "| anomalous pixels | checksum |",
        "|---|---|---|---|---|---:|---|",
    ]
    for name, facts in catalogue().items():
        aliases = ", ".join(facts["aliases"]) or "–"
        size = "×".join(map(str, facts["shape"]))
        checksum = "yes" if facts["checksum"] else "–"
        cells = [f"`{name}`", aliases, facts["place"], facts["sensor"], size]
        rows.append(f"| {' | '.join([*cells, str(facts['anomalies']), checksum])} |")
    return "\n".join(rows)


def messages(page: Path) -> list[tuple[Block, str]]:
    """Run the failing commands of a page; pair the block after each with its message."""
    found = [block for block in blocks(page) if "not run" not in block.marks]
    pairs = []
    for block, after in zip(found, found[1:], strict=False):
        if block.language == "sh":
            message = run_block(block)
            if "fails" in block.marks:
                pairs.append((after, WRAPPER.fill(message)))
    return pairs


def troubleshooting_page() -> str:
    """The page of troubleshooting with the messages as the program prints them now."""
    lines = TROUBLESHOOTING.read_text(encoding="utf-8").splitlines()
    for block, message in reversed(messages(TROUBLESHOOTING)):
        end = block.line + len(block.text.splitlines())
        lines[block.line : end] = [message]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def scratch_folder() -> Iterator[None]:
    """Work in a temporary folder with the scenes of the documentation."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        make_scenes(Path(name))
        os.chdir(name)
        try:
            yield
        finally:
            os.chdir(before)


def write_pages() -> None:
    """Write all generated parts."""
    for page, name, content in (
        (OPTIONS, "options", options_part()),
        (SCENES, "known scenes", scenes_part()),
    ):
        text = replace_generated(page.read_text(encoding="utf-8"), name, content)
        page.write_text(text, encoding="utf-8")
    with scratch_folder():
        text = troubleshooting_page()
    TROUBLESHOOTING.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)  # as in the tests; quicker for networks this small
    write_pages()
