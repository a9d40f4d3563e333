"""Format text for a terminal: one line, shapes, numbers, what a wrong word may stand for."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

MARK = "\N{REPLACEMENT CHARACTER}"  # in place of a character that is not shown
LEFT_OUT = "…"  # in place of the middle of a text that is too long
LONGEST, LONGEST_LINE = 200, 2000  # letters of a name or a value, and of a message
ALIKE, MOST_ALIKE = 0.7, 2  # the similarity from which words are suggested, and how many
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


def first_few(texts: Sequence[str], *, most: int) -> str:
    """List the first texts with commas between, and an ellipsis for the others.

    >>> first_few(["a", "b", "c"], most=2), first_few(["a", "b"], most=2)
    ('a, b, …', 'a, b')
    """
    return ", ".join([*texts[:most], *(["…"] if len(texts) > most else [])])


def counted(number: int, thing: str) -> str:
    """Format a number of things, as in 1 pixel, 1,200 pixels."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def number_text(value: Any) -> str:
    """Format a number in the fewest digits that identify it."""
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(value)


def did_you_mean(
    word: str, known: Iterable[str], *, before: str = "", prefix: str = "", after: str = ""
) -> str:
    """Ask for the known words that are most like a word; empty where none is like it.

    Case and signs count for nothing: `GT-HAD` is `gthad`. The question is put between two texts,
    and a prefix in front of each word.

    >>> did_you_mean("--learning-rate", ["--learning_rate", "--seed"], before="; ")
    '; did you mean --learning_rate?'
    """
    names = {letters(name): name for name in known}
    own = letters(word)
    found = [own] if own in names else get_close_matches(own, names, MOST_ALIKE, ALIKE)
    if not found or not own:
        return ""
    words = " or ".join(f"{prefix}{names[name]}" for name in found)
    return f"{before}did you mean {words}?{after}"


def letters(word: str) -> str:
    """Reduce a word to its letters and digits, in lower case."""
    return re.sub(r"[\W_]", "", word.lower())
