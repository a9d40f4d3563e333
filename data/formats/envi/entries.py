"""Split the text of an ENVI header into its entries, as ENVI and as people write them."""

import re
from collections.abc import Iterator
from typing import Any

# an entry is `key = value`; some write a colon, or nothing before a bracket
SEPARATOR = re.compile(r"[=:]|(?=[{\[])")
COMMENT = re.compile(r"[ \t];")  # behind a value
NUMBER_LISTS = ("wavelength", "fwhm", "bbl", "data gain values", "data offset values")
LISTS = (*NUMBER_LISTS, "band names", "map info", "reflectance scale factor", "data ignore value")
OTHERS = (
    *("samples", "lines", "bands", "header offset", "data type", "interleave", "byte order"),
    *("wavelength units", "coordinate system string"),
)
OTHER_NAMES = {
    **dict.fromkeys(("wavelengths", "band wavelengths"), "wavelength"),
    **dict.fromkeys(("wavelength unit", "wavelengths units"), "wavelength units"),
    **dict.fromkeys(("bad band list", "bad bands list", "bad bands"), "bbl"),
    **{"fwhms": "fwhm", "band name": "band names", "mapinfo": "map info"},
    **{"data gain value": "data gain values", "data offset value": "data offset values"},
    **{"data ignore values": "data ignore value"},
}
CLOSING = {"{": "}", "[": "]}", "(": ")}"}
Entries = dict[str, Any]


def split_entries(text: str) -> tuple[Entries, list[str]]:
    """Split a header into texts and lists of texts by name; return them, and notes.

    Raises ValueError for other texts, and for a list without an end.
    """
    first, *others = text.splitlines() or [""]
    if not first.strip().upper().startswith("ENVI"):
        raise ValueError('missing "ENVI" at the beginning of the first line')
    entries: Entries = {}
    repeated = []
    lines = Lines([line for line in others if not line.startswith(";")])
    for line in lines:
        name, sign, rest = split_entry(line)
        if not name:
            continue
        key = canonical(name)
        value = read_value(key, rest, lines)
        if sign == ":":  # perhaps a line of a text
            entries.setdefault(key, value)
            continue
        if key in (*LISTS, *OTHERS) and entries.get(key, value) != value:
            repeated.append(f"the header has '{key}' several times: the last counts")
        entries[key] = value
    return entries, list(dict.fromkeys(repeated))


def split_entry(line: str) -> tuple[str, str, str]:
    """Split a line into a name, the sign after it, and the rest; no name for other lines."""
    found = SEPARATOR.search(line)
    name = line[: found.start()].strip() if found else ""
    if found is None or not name[:1].isalpha():
        return "", "", ""
    return name, found[0], line[found.end() :].strip()


class Lines(Iterator[str]):
    """The lines of a header, of which the next can be looked at."""

    def __init__(self, lines: list[str]) -> None:
        self.lines, self.position = lines, 0

    def __next__(self) -> str:
        if self.position == len(self.lines):
            raise StopIteration
        self.position += 1
        return self.lines[self.position - 1]

    @property
    def upcoming(self) -> str:
        """The next line; empty at the end."""
        return self.lines[self.position] if self.position < len(self.lines) else ""


def canonical(key: str) -> str:
    """Write the name of an entry as ENVI does."""
    name = re.sub(r"[\s_]+", " ", key).strip().lower()
    return OTHER_NAMES.get(name, name)


def read_value(key: str, value: str, lines: Lines) -> str | list[str]:
    """Read the value of an entry, which begins in its own line and may have others."""
    if not value and key in LISTS and lines.upcoming.strip()[:1] in (*CLOSING,):
        value = next(lines).strip()  # the bracket is in the next line
    if value[:1] == "{" or (value[:1] in CLOSING and key in LISTS):
        return enclosed(key, value, lines)
    parts = [value if key in LISTS else COMMENT.split(value)[0]]
    while key in NUMBER_LISTS and lines.upcoming.strip() and not split_entry(lines.upcoming)[0]:
        parts.append(next(lines))
    return "\n".join(parts)


def enclosed(key: str, value: str, lines: Lines) -> str | list[str]:
    """Read a value in brackets to its end; raise ValueError where there is none."""
    closing = CLOSING[value[0]]
    parts = []
    part = value[1:].strip()
    while not (end := end_of(part, closing, key)):
        parts.append(part)
        following = next(lines, None)
        if following is None:
            raise ValueError(f"Failed to parse: the list '{key[:40]}' has no closing bracket")
        part = following.strip()
    inside = "\n".join([*parts, part[: end - 1]]).strip().lstrip("{")
    if key in ("description", "band names", *NUMBER_LISTS):  # whose separators differ
        return inside
    return [one.strip() for one in inside.split(",")]


def end_of(part: str, closing: str, key: str) -> int:
    """Return the position behind a closing bracket in a line; 0 where there is none."""
    if key == "description":  # a text, which may have brackets
        return len(part) if part.endswith("}") else 0
    found = [part.find(sign) for sign in closing if sign in part]
    return min(found) + 1 if found else 0
