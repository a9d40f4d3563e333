"""The catalogue as a text: its scenes, what is there, and where to get the others."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import fill

from data.known_scenes.fetching import by_hand
from data.known_scenes.inventory import MISNAMED, MISSING, OTHER, THERE, Entry
from utils.text import printable, printable_line, shape_text
from utils.text_table import NONE, text_table

HEADER = ("scene", "also called", "place", "sensor", "size", "anomalies", "status")
STATUS = {THERE: "there,", MISNAMED: "there, as", OTHER: "there, but", MISSING: "missing"}


def format_inventory(
    entries: Sequence[Entry], *, others: Sequence[str], data_dir: Path, width: int
) -> str:
    """Format the table of scenes, and the steps to those that are missing.

    `others` are scenes in the data folder that are not in the catalogue.
    """
    there = sum(entry.status == THERE for entry in entries)
    counts = f"{there} of {len(entries)} scenes are in {data_dir}"
    lines = [counts, *([f"other scenes there: {', '.join(others)}"] if others else [])]
    lines += steps(entries, data_dir)
    table = text_table(HEADER, [cells(entry) for entry in entries], width=width)
    return "\n".join([table, "", *(wrapped(line, width=width) for line in lines)])


def cells(entry: Entry) -> list[str]:
    """Format the row of a scene."""
    facts = entry.facts
    return [
        entry.name,
        ", ".join(facts["aliases"]) or NONE,
        printable(facts["place"] or NONE),
        printable(facts["sensor"] or NONE),
        shape_text(facts["shape"]) if facts["shape"] else NONE,
        str(facts["anomalies"] or NONE),
        status_text(entry),
    ]


def status_text(entry: Entry) -> str:
    """Describe what there is of a scene."""
    text = STATUS[entry.status]
    return printable_line(f"{text} {entry.note}" if entry.note else text.rstrip(","))


def steps(entries: Sequence[Entry], data_dir: Path) -> Iterator[str]:
    """Yield how to get the missing scenes: by --fetch, or by hand, those of one source together."""
    missing = [entry for entry in entries if entry.status == MISSING]
    direct = [entry for entry in missing if entry.facts.get("url")]
    if direct:
        names = " ".join(entry.name for entry in direct)
        yield f"missing, with a direct link: --command scenes --fetch --dataset {names}"
    sources: dict[tuple[str, str | None], list[Entry]] = {}
    for entry in missing:
        if entry not in direct:
            sources.setdefault(entry.origin, []).append(entry)
    for alike in sources.values():
        yield f"missing: {', '.join(entry.name for entry in alike)}"
        yield f"  {by_hand(alike, data_dir)}"


def wrapped(line: str, *, width: int) -> str:
    """Wrap a line to a width; what is continued is indented further than the line."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return fill(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
