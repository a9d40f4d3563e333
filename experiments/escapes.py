"""Escape texts for LaTeX and Markdown, so that they are shown as they are."""

import re

LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "±": r"$\pm$",
        "×": r"$\times$",
        "·": r"$\cdot$",
        "−": "$-$",
        "τ": r"$\tau$",
        "–": "--",
        "\N{REPLACEMENT CHARACTER}": "?",
    }
)
# an underscore within a word is shown as it is
MARKDOWN = re.compile(r"[\\`*$<|~\[\]]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)")


def in_latex(text: str) -> str:
    """Escape a text for LaTeX; one at the beginning of a row is no argument of the row before."""
    escaped = text.translate(LATEX)
    return f"{{{escaped[0]}}}{escaped[1:]}" if escaped.startswith(("[", "*")) else escaped


def in_markdown(text: str) -> str:
    """Escape a text for Markdown, within a table or not."""
    return MARKDOWN.sub(lambda special: f"\\{special[0]}", text)
