"""Write a table as Markdown, CSV and LaTeX."""

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from experiments.escapes import in_latex, in_markdown
from experiments.grid import Grid
from experiments.summary import Entry
from utils.text import in_csv
from utils.text_table import NONE

PRINTED = "Printed elsewhere, not measured here"
# letters of 10 pt, of 5 pt on average, in a column of 3.5 inches, and of the 12 pt between entries
LETTERS, GAP = 50, 2.4


def markdown(grid: Grid, notes: Sequence[str]) -> str:
    """Write a table for a README: the best in bold, the second best underlined."""
    lines = [f"## {in_markdown(grid.title)}", ""]
    lines.append(markdown_row(in_markdown(grid.heading), list(map(in_markdown, grid.columns))))
    lines.append("|".join(["", "---", *["---:"] * len(grid.columns), ""]))
    for number, (label, entries) in enumerate(grid.rows):
        if number in grid.groups:
            lines.append(markdown_title(grid.groups[number], grid))
        lines.append(markdown_row(in_markdown(label), list(map(markdown_entry, entries))))
    if grid.published:
        lines.append(markdown_title(PRINTED, grid))
        lines += [
            markdown_row(
                f"*{in_markdown(label)} [{source + 1}]*", [entry.text for entry in entries]
            )
            for label, source, entries in grid.published
        ]
    lines += [
        "",
        *[f"[{number}] {in_markdown(source)}  " for number, source in numbered(grid.sources)],
    ]
    return "\n".join([*lines, "", *[f"- {in_markdown(note)}" for note in notes], ""])


def markdown_title(title: str, grid: Grid) -> str:
    """Write the title of the rows below it."""
    return markdown_row(f"*{title}:*", [""] * len(grid.columns))


def markdown_row(label: str, texts: Sequence[str]) -> str:
    """Write one line of a table, whose entries are Markdown already."""
    return "| " + " | ".join((label, *texts)) + " |"


def markdown_entry(entry: Entry) -> str:
    """Mark the best and the second best."""
    text = in_markdown(entry.text)
    return {1: f"**{text}**", 2: f"<u>{text}</u>"}.get(entry.rank, text)


def numbered(sources: Sequence[str]) -> list[tuple[int, str]]:
    """Enumerate the sources from 1."""
    return list(enumerate(sources, start=1))


def csv_text(grid: Grid) -> str:
    """Write a table for a spreadsheet: numbers in full, origins and spreads in columns."""
    rows = [*grid.rows, *((label, entries) for label, _, entries in grid.published)]
    printed = [f"printed: {grid.sources[source]}" for _, source, _ in grid.published]
    headings = [in_csv(grid.heading), "origin"]
    columns: list[list[Any]] = [
        [in_csv(label) for label, _ in rows],
        ["measured"] * len(grid.rows) + printed,
    ]
    if grid.groups:
        headings.append("group")
        columns.append([grid.group_of(number) for number in range(len(grid.rows))])
        columns[-1] += [None] * len(printed)
    for number, heading in enumerate(grid.columns):
        entries = [entries[number] for _, entries in rows]
        headings.append(in_csv(heading))
        columns.append([csv_value(entry) for entry in entries])
        if any(entry.deviation is not None for entry in entries):
            headings.append(in_csv(f"{heading} sd"))
            columns.append([entry.deviation for entry in entries])
    table = pd.DataFrame(dict(enumerate(columns)), dtype=object)  # headings may be the same
    return table.to_csv(header=headings, index=False, lineterminator="\n")


def csv_value(entry: Entry) -> float | str | None:
    """Return the number of an entry, or its text where it has none."""
    if entry.value is None:
        return None if entry.text == NONE else in_csv(entry.text)
    return entry.value


def latex(
    grid: Grid, notes: Sequence[str], *, name: str = "table", caption: Sequence[str] = ()
) -> str:
    """Write a table for a paper, with the rules of booktabs; notes are its comments.

    Its label is made of the name, its caption of the title, sentences and the sources. A table that
    is wider than a column is over both.
    """
    place = "table*" if latex_width(grid) > LETTERS else "table"
    sources = [
        f"[{number}] {in_latex(source.rstrip('.'))}." for number, source in numbered(grid.sources)
    ]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            *[f"% {note}" for note in notes],
            rf"\begin{{{place}}}",
            r"\centering",
            rf"\caption{{{' '.join([*map(latex_sentence, (grid.title, *caption)), *sources])}}}",
            rf"\label{{tab:{label_name(name)}}}",
            rf"\begin{{tabular}}{{l{'r' * len(grid.columns)}}}",
            r"\toprule",
            latex_row(grid.heading, list(map(in_latex, grid.columns))),
            *([] if grid.groups else [r"\midrule"]),
            *latex_body(grid),
            r"\bottomrule",
            r"\end{tabular}",
            rf"\end{{{place}}}",
            "",
        ]
    )


def latex_width(grid: Grid) -> float:
    """Estimate the width of a table in letters, with the space between its columns."""
    printed = [(label, entries) for label, _, entries in grid.published]
    rows = [[label, *(one.text for one in entries)] for label, entries in [*grid.rows, *printed]]
    lines = [[grid.heading, *grid.columns], *rows]
    widest = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return sum(widest) + GAP * len(grid.columns)


def latex_body(grid: Grid) -> list[str]:
    """Write the rows of a table with the titles of their groups, the printed ones last."""
    body = []
    for number, (label, entries) in enumerate(grid.rows):
        if number in grid.groups:
            body += latex_title(grid.groups[number], grid)
        body.append(latex_row(label, list(map(latex_entry, entries))))
    if grid.published:
        body += latex_title(PRINTED, grid)
    for label, source, entries in grid.published:
        body.append(latex_row(f"{label} [{source + 1}]", [in_latex(one.text) for one in entries]))
    return body


def latex_sentence(text: str) -> str:
    """Write a text as a sentence, with a capital and a full stop."""
    return in_latex(f"{text[:1].upper()}{text[1:]}") + "."


def label_name(name: str) -> str:
    """Return a name as a label of LaTeX may have it."""
    return re.sub(r"[^A-Za-z0-9.:-]+", "-", name)


def latex_title(title: str, grid: Grid) -> list[str]:
    """Write a rule, and the title of the rows below it."""
    return [r"\midrule", rf"\multicolumn{{{len(grid.columns) + 1}}}{{l}}{{\emph{{{title}}}}} \\"]


def latex_row(label: str, texts: Sequence[str]) -> str:
    """Write one line of a table, whose entries are LaTeX already."""
    return " & ".join([in_latex(label), *texts]) + r" \\"


def latex_entry(entry: Entry) -> str:
    """Mark the best and the second best."""
    text = in_latex(entry.text)
    return {1: rf"\textbf{{{text}}}", 2: rf"\underline{{{text}}}"}.get(entry.rank, text)
