"""Format text for a terminal: one line, shapes, numbers."""

import unicodedata
from typing import Any

MARK = "\N{REPLACEMENT CHARACTER}"  # in place of a character that is not shown
LEFT_OUT = "…"  # in place of the middle of a text that is too long
LONGEST, LONGEST_LINE = 200, 2000  # letters of a name or a value, and of a message
FORMULA = tuple("=+-@\t\r＝＋－＠")  # the beginnings of what a spreadsheet computes


def printable(text: object, *, longest: int = LONGEST) -> str:
    """Return a text of foreign origin as one line of letters.

    Control characters, line ends and marks of direction, which command a terminal or forge lines,
    become a mark, and blanks of any width a space; of more than `longest` letters the middle is
    left out.
    """
    return "".join(map(shown, shortened(str(text), longest)))


def printable_line(text: object) -> str:
    """Return a line of a message or a log, which may quote foreign text."""
    return printable(text, longest=LONGEST_LINE)


def in_header(text: str) -> str:
    """Return an entry of a text header as one line of letters, of any length."""
    return printable(" ".join(text.splitlines()), longest=len(text))


def shown(letter: str) -> str:
    """Return a character that is shown as itself, a space, or the mark."""
    if letter.isprintable():
        return letter
    return " " if unicodedata.category(letter) == "Zs" else MARK


def shortened(text: str, longest: int) -> str:
    """Leave out the middle of a text of more than `longest` letters."""
    if len(text) <= longest:
        return text
    end = longest // 3
    return f"{text[: longest - len(LEFT_OUT) - end]}{LEFT_OUT}{text[len(text) - end :]}"


def in_csv(text: str) -> str:
    """Mark a text of a CSV file that a spreadsheet would compute as a text."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def shape_text(shape: tuple[int, ...]) -> str:
    """Format a shape, as in 100×100×200."""
    return "×".join(map(str, shape))


def number_text(value: Any) -> str:
    """Format a number in the fewest digits that identify it."""
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(value)
