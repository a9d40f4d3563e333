"""A table as Markdown, CSV and LaTeX."""

import csv
import io
from collections.abc import Sequence

from experiments.summary import NONE, Entry, Grid

PRINTED = "Printed elsewhere, not measured here"

LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
        "±": r"$\pm$",
        "×": r"$\times$",
        "τ": r"$\tau$",
        "–": "--",
    }
)


def markdown(grid: Grid, notes: Sequence[str]) -> str:
    """Write a table for a README: the best in bold, the second best underlined."""
    lines = [f"## {grid.title}", "", markdown_row(grid.heading, grid.columns)]
    lines.append("|".join(["", "---", *["---:"] * len(grid.columns), ""]))
    lines += [
        markdown_row(label, [in_markdown(entry) for entry in entries])
        for label, entries in grid.rows
    ]
    if grid.published:
        lines.append(markdown_row(f"*{PRINTED}:*", [""] * len(grid.columns)))
        lines += [
            markdown_row(f"*{label} [{source + 1}]*", [entry.text for entry in entries])
            for label, source, entries in grid.published
        ]
    lines += ["", *[f"[{number}] {source}  " for number, source in numbered(grid.sources)]]
    return "\n".join([*lines, "", *[f"- {note}" for note in notes], ""])


def markdown_row(label: str, texts: Sequence[str]) -> str:
    """One line of a table; a bar in a name does not end its column."""
    return "| " + " | ".join(text.replace("|", "\\|") for text in (label, *texts)) + " |"


def in_markdown(entry: Entry) -> str:
    """Mark the best and the second best."""
    return {1: f"**{entry.text}**", 2: f"<u>{entry.text}</u>"}.get(entry.place, entry.text)


def numbered(sources: Sequence[str]) -> list[tuple[int, str]]:
    """Sources with their numbers, from 1."""
    return list(enumerate(sources, start=1))


def csv_text(grid: Grid) -> str:
    """Write a table for a spreadsheet, numbers in full and where they come from in a column."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    spread = [
        any(entries[column].deviation is not None for _, entries in grid.rows)
        for column in range(len(grid.columns))
    ]
    columns = [
        name
        for column, spreads in zip(grid.columns, spread, strict=True)
        for name in ([column, f"{column} sd"] if spreads else [column])
    ]
    writer.writerow([grid.heading, "origin", *columns])
    for label, entries in grid.rows:
        writer.writerow([label, "measured", *in_csv(entries, spread)])
    for label, source, entries in grid.published:
        writer.writerow([label, f"printed: {grid.sources[source]}", *in_csv(entries, spread)])
    return text.getvalue()


def in_csv(entries: Sequence[Entry], spread: Sequence[bool]) -> list[str]:
    """The number of each entry, or its text where it has none, and in some columns its spread."""
    fields = []
    for entry, spreads in zip(entries, spread, strict=True):
        text = "" if entry.text == NONE else entry.text
        fields.append(text if entry.value is None else repr(entry.value))
        if spreads:
            fields.append("" if entry.deviation is None else repr(entry.deviation))
    return fields


def latex(grid: Grid, notes: Sequence[str]) -> str:
    """Write a table for a paper, with the rules of booktabs; notes are its comments."""
    body = [
        latex_row(label, [in_latex(entry) for entry in entries]) for label, entries in grid.rows
    ]
    if grid.published:
        width = len(grid.columns) + 1
        body += [r"\midrule", rf"\multicolumn{{{width}}}{{l}}{{\emph{{{PRINTED}}}}} \\"]
        body += [
            latex_row(f"{label} [{source + 1}]", [entry.text.translate(LATEX) for entry in entries])
            for label, source, entries in grid.published
        ]
    sources = [
        f"[{number}] {source.rstrip('.').translate(LATEX)}."
        for number, source in numbered(grid.sources)
    ]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            *[f"% {note}" for note in notes],
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{' '.join([grid.title.translate(LATEX) + '.', *sources])}}}",
            rf"\begin{{tabular}}{{l{'r' * len(grid.columns)}}}",
            r"\toprule",
            latex_row(grid.heading, [column.translate(LATEX) for column in grid.columns]),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def latex_row(label: str, texts: Sequence[str]) -> str:
    """One line of a table, its entries already LaTeX."""
    return " & ".join([label.translate(LATEX), *texts]) + r" \\"


def in_latex(entry: Entry) -> str:
    """Mark the best and the second best."""
    text = entry.text.translate(LATEX)
    return {1: rf"\textbf{{{text}}}", 2: rf"\underline{{{text}}}"}.get(entry.place, text)
