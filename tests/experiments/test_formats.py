"""The same table as Markdown, CSV and LaTeX."""

import csv
import io
import re
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.formats import PRINTED, csv_text, latex, markdown
from experiments.grid import Grid
from experiments.summary import Entry, mean_and_spread
from utils.text import in_csv

NOTES = ["RX: its defaults", "computed today"]


def grid(**changes: Any) -> Grid:
    """A table of two methods and two scenes, and what two sources print."""
    arguments: dict[str, Any] = {
        "title": "AUC",
        "heading": "Method",
        "columns": ["one", "two"],
        "rows": [
            ("RX", [Entry("0.9000", 0.9, rank=1), Entry()]),
            ("LFEB", [Entry("0.80 ± 0.10", 0.8, 0.1, rank=2), Entry("0.5000", 0.5)]),
        ],
        "published": [
            ("RX", 0, [Entry("0.9900", 0.99), Entry()]),
            ("2S-GLRT", 1, [Entry(), Entry("0.1000", 0.1)]),
        ],
        "sources": ["a paper", "another, 2nd edition"],
    }
    return Grid(**(arguments | changes))


def test_markdown_marks_the_best_and_keeps_printed_numbers_apart() -> None:
    assert markdown(grid(), NOTES) == "\n".join(
        [
            "## AUC",
            "",
            "| Method | one | two |",
            "|---|---:|---:|",
            "| RX | **0.9000** | – |",
            "| LFEB | <u>0.80 ± 0.10</u> | 0.5000 |",
            "| *Printed elsewhere, not measured here:* |  |  |",
            "| *RX [1]* | 0.9900 | – |",
            "| *2S-GLRT [2]* | – | 0.1000 |",
            "",
            "[1] a paper  ",
            "[2] another, 2nd edition  ",
            "",
            "- RX: its defaults",
            "- computed today",
            "",
        ]
    )


def test_without_printed_numbers_nothing_is_said_of_them() -> None:
    plain = grid(published=[], sources=[])
    for text in (markdown(plain, []), csv_text(plain), latex(plain, [])):
        assert "rinted" not in text and "[1]" not in text
    assert latex(plain, []).count(r"\midrule") == 1


def test_titles_of_groups_stand_above_their_rows() -> None:
    titled = grid(groups={0: "Statistical", 1: "Networks"})
    lines = markdown(titled, []).splitlines()
    assert [line.split(" | ")[0] for line in lines[4:9]] == [
        *["| *Statistical:*", "| RX", "| *Networks:*", "| LFEB"],
        "| *Printed elsewhere, not measured here:*",
    ]
    text = latex(titled, [])
    assert text.count(r"\midrule") == 3 and r"\multicolumn{3}{l}{\emph{Networks}} \\" in text
    table = pd.read_csv(io.StringIO(csv_text(titled)))
    assert list(table["group"].fillna("")) == ["Statistical", "Networks", "", ""]


def test_a_bar_ends_no_column_in_markdown() -> None:
    text = markdown(grid(columns=["a|b", "two"], rows=[("x|y", [Entry("1|2"), Entry()])]), [])
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 4
    assert r"| x\|y | 1\|2 | – |" in text and r"a\|b" in text


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("<script>x</script>", r"\<script>x\</script>"),
        ("*a* `b` ~~c~~ $d$", r"\*a\* \`b\` \~\~c\~\~ \$d\$"),
        ("[a](http://b)", r"\[a\](http://b)"),
        ("_a_b_", r"\_a_b\_"),
        ("a\\|b &lt; c & d", r"a\\\|b \&lt; c & d"),
        ("f_scale, HSI-II", "f_scale, HSI-II"),
    ],
)
def test_markdown_takes_every_name_for_text(name: str, written: str) -> None:
    text = markdown(
        grid(
            title=name,
            columns=[name, "two"],
            rows=[(name, [Entry(name), Entry(name, rank=1)])],
            published=[(name, 0, [Entry(), Entry()])],
            sources=[name],
        ),
        [name],
    )
    assert text.startswith(f"## {written}\n\n| Method | {written} | two |\n")
    assert f"| {written} | {written} | **{written}** |\n" in text
    assert f"| *{written} [1]* | – | – |\n" in text
    assert f"[1] {written}  \n" in text and text.endswith(f"- {written}\n")


VALUES = st.lists(st.floats(0, 1), max_size=2)  # of the seeds


@settings(deadline=None)
@given(
    st.lists(NAMES, min_size=1, max_size=3),
    st.lists(st.tuples(NAMES, st.lists(VALUES, min_size=3, max_size=3)), max_size=3),
)
def test_csv_reads_back_as_it_was(columns: list[str], rows: list[tuple[str, Any]]) -> None:
    """Whatever is in the names, but for the mark of a formula, and every number to its end."""
    rows = [
        (
            label,
            [mean_and_spread(pd.Series(seeds, dtype=float)) for seeds in values[: len(columns)]],
        )
        for label, values in rows
    ]
    text = csv_text(grid(columns=columns, rows=rows, published=[], sources=[]))
    heading, *lines = csv.reader(io.StringIO(text, newline=""))
    columns = [in_csv(column) for column in columns]
    expected, spread = ["Method", "origin"], []
    for number, column in enumerate(columns):
        spread.append(any(entries[number].deviation is not None for _, entries in rows))
        expected += [column, f"{column} sd"] if spread[-1] else [column]
    assert heading == expected
    for (label, entries), (name, origin, *fields) in zip(rows, lines, strict=True):
        assert (name, origin) == (in_csv(label), "measured")
        values: list[float | None] = []
        for entry, spreads in zip(entries, spread, strict=True):
            values += [entry.value, entry.deviation] if spreads else [entry.value]
        assert [float(field) if field else None for field in fields] == values


def test_csv_tells_where_a_number_comes_from_and_its_spread() -> None:
    heading, *lines = csv.reader(io.StringIO(csv_text(grid())))
    assert heading == ["Method", "origin", "one", "one sd", "two"]
    assert lines == [
        ["RX", "measured", "0.9", "", ""],
        ["LFEB", "measured", "0.8", "0.1", "0.5"],
        ["RX", "printed: a paper", "0.99", "", ""],
        ["2S-GLRT", "printed: another, 2nd edition", "", "", "0.1"],
    ]


def test_words_in_a_table_are_in_the_csv() -> None:
    """Such as the scene and its size in a table of costs."""
    table = grid(rows=[("RX", [Entry("a scene"), Entry("10×9×3")])], published=[], sources=[])
    heading, line = csv.reader(io.StringIO(csv_text(table)))
    assert heading == ["Method", "origin", "one", "two"]
    assert line == ["RX", "measured", "a scene", "10×9×3"]


def test_a_spreadsheet_computes_no_name_and_numbers_stay_numbers() -> None:
    names = ["=1+1", "+A1", "-2+3", "@SUM(A1)", " =1", "=HYPERLINK(0)", "＝1"]
    rows = [(name, [Entry("-0.5000", -0.5), Entry(name)]) for name in names]
    table = grid(columns=["=1+1", "two"], rows=rows, published=[], sources=[])
    heading, *lines = csv.reader(io.StringIO(csv_text(table)))
    assert heading == ["Method", "origin", "'=1+1", "two"]
    assert lines == [[f"'{name}", "measured", "-0.5", f"'{name}"] for name in names]


def test_a_range_is_words_in_csv_and_has_a_dash_in_latex() -> None:
    rows = [
        ("RX", [Entry("none"), Entry("672,000–681,000")]),
        ("LFEB", [Entry(), Entry("3,000", 3000)]),
    ]
    table = grid(columns=["Training (s)", "Parameters"], rows=rows, published=[], sources=[])
    _, *lines = csv.reader(io.StringIO(csv_text(table)))
    assert lines == [
        ["RX", "measured", "none", "672,000–681,000"],
        ["LFEB", "measured", "", "3000"],
    ]
    assert r"RX & none & 672,000--681,000 \\" in latex(table, [])
    assert "| RX | none | 672,000–681,000 |" in markdown(table, [])


def test_a_latex_table_that_is_wider_than_a_column_is_over_both() -> None:
    rows = [("RX", [Entry("0.9000 ± 0.0100", 0.9)] * 4)]
    wide = latex(grid(columns=["a", "b", "c", "d"], rows=rows, published=[], sources=[]), [])
    assert r"\begin{table*}" in wide and r"\end{table*}" in wide


def test_latex_marks_the_best_and_keeps_printed_numbers_apart() -> None:
    assert latex(grid(), NOTES) == "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            "% RX: its defaults",
            "% computed today",
            r"\begin{table}",
            r"\centering",
            r"\caption{AUC. [1] a paper. [2] another, 2nd edition.}",
            r"\label{tab:table}",
            r"\begin{tabular}{lrr}",
            r"\toprule",
            r"Method & one & two \\",
            r"\midrule",
            r"RX & \textbf{0.9000} & -- \\",
            r"LFEB & \underline{0.80 $\pm$ 0.10} & 0.5000 \\",
            r"\midrule",
            rf"\multicolumn{{3}}{{l}}{{\emph{{{PRINTED}}}}} \\",
            r"RX [1] & 0.9900 & -- \\",
            r"2S-GLRT [2] & -- & 0.1000 \\",
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def test_a_caption_explains_the_entries_and_a_label_has_the_name() -> None:
    plain = grid(published=[], sources=[])
    text = latex(plain, [], name="my_table 5%", caption=["mean ± standard deviation"])
    assert "\\caption{AUC. Mean $\\pm$ standard deviation.}\n\\label{tab:my-table-5-}\n" in text


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a_b&c", r"a\_b\&c"),
        ("50 % #1 $x$", r"50 \% \#1 \$x\$"),
        (r"{\x}~^", r"\{\textbackslash{}x\}\textasciitilde{}\textasciicircum{}"),
        ("10×9, τ ± 1 – 2", r"10$\times$9, $\tau$ $\pm$ 1 -- 2"),
        ("a<b>c|d", r"a\textless{}b\textgreater{}c\textbar{}d"),
        ("[2pt]", "{[}2pt]"),  # after the end of a row this would be its argument
        ("*x", "{*}x"),
    ],
)
def test_latex_takes_every_name_for_text(name: str, written: str) -> None:
    text = latex(
        grid(
            title=name,
            heading=name,
            columns=[name, "two"],
            rows=[(name, [Entry(name), Entry(name, rank=1)])],
            published=[(name, 0, [Entry(), Entry()])],
            sources=[name],
        ),
        [],
    )
    capital = written[:1].upper() + written[1:]
    assert rf"\caption{{{capital}. [1] {written}.}}" in text
    assert rf"{written} & {written} & two \\" in text
    assert rf"{written} & {written} & \textbf{{{written}}} \\" in text
    assert rf"{written} [1] & -- & -- \\" in text


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), max_size=12))
def test_whatever_is_named_leaves_latex_its_braces_and_columns(name: str) -> None:
    text = latex(grid(title=name, columns=[name, name], published=[], sources=[]), [])
    (caption,) = [line for line in text.splitlines() if line.startswith(r"\caption")]
    (heading,) = [line for line in text.splitlines() if line.startswith("Method")]
    plain = re.sub(r"\\[^a-zA-Z]", "", caption)
    assert plain.count("{") == plain.count("}")
    assert len(re.findall(r"(?<!\\)&", heading)) == 2 and not re.search(r"(?<!\\)[%#$_]", heading)
