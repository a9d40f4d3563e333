"""The words of docstrings and messages: standard English of the field, checked in the rooms listed.

Docstrings and messages are read by people who meet the program once, often not in their own
language. The words below were common in this code and made its sentences hard to read: they have a
plain counterpart, or the sentence is better turned around.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (
    "main.py",
    "nl2net.py",
    "options",
    "data",
    "model",
    "detection",
    "training",
    "experiments",
    "utils",
    "benchmarks",
)

INSTEAD = {
    r"told|tells?|telling": "declared, reported, stated",
    r"beside": "next to, besides, alongside",
    r"mend(s|ed)?": "fix",
    r"gaps?": "no-data pixels",
    r"way out": "hint",
    r"at hand": "available",
    r"anew": "again, from scratch",
    r"in words": "described, formatted",
    r"go(es)? on|take(s|n)? up": "continue, resume",
    r"has no meaning": "does not apply",
    r"(one|row|line|word|value) an? (line|row|pixel|object|block|device|method)": "one per line",
    r"what (came|became|was made) of": "result, status, interpretation",
    r"in no time": "quickly",
    r"dear": "expensive",
}
REFUSED = {re.compile(rf"\b({word})\b", re.IGNORECASE): use for word, use in INSTEAD.items()}
QUESTIONS = re.compile(r"(What|How|Which|Whether|Where|When|Why)\b")


def files(room: str) -> list[Path]:
    """List the modules of a room, or the one module that it is."""
    return [ROOT / room] if room.endswith(".py") else sorted((ROOT / room).rglob("*.py"))


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the strings of a source that are sentences, docstrings among them, with their lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the docstrings of a source with their lines."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, documented) and (text := ast.get_docstring(node)):
            yield getattr(node, "lineno", 1), text


def complaints(source: str) -> Iterator[str]:
    """Yield what is wrong with the words of a source."""
    for line, text in texts(source):
        for word, instead in REFUSED.items():
            if found := word.search(text):
                yield f"line {line}: '{found[0]}' (write: {instead})"
    for line, text in docstrings(source):
        if found := QUESTIONS.match(text):
            yield f"line {line}: a docstring begins with '{found[0]}'"


@pytest.mark.parametrize("room", ROOMS)
def test_words_of_docstrings_and_messages(room: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}, {complaint}"
        for file in files(room)
        for complaint in complaints(file.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_refused_words_are_found() -> None:
    source = '''
"""What a reader is told."""
def mended() -> str:
    """Return the gap."""
    told = "untold-word"  # beside the point: neither names nor comments count
    return f"{told} goes on"
'''
    assert [complaint.partition(" (")[0] for complaint in complaints(source)] == [
        "line 2: 'told'",
        "line 4: 'gap'",
        "line 6: 'goes on'",
        "line 1: a docstring begins with 'What'",
    ]
