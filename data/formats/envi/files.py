"""Find the header of an ENVI image, and the file of numbers that a header describes."""

from collections.abc import Sequence
from pathlib import Path

from data.errors import SceneError
from data.formats.envi.header import layout_end, read_header, read_layout
from data.formats.format import first_bytes
from utils.text import printable

ENDING, START = ".hdr", b"ENVI"
WRITTEN = ".img"
DATA_ENDINGS = (WRITTEN, ".dat", ".raw", ".bin", ".cube", ".hyspex", ".bsq", ".bil", ".bip")
OTHER_FORMATS = (".tif", ".tiff")  # images to which some programs write an ENVI header


def is_header(path: Path) -> bool:
    """Return True for a header, by its ending or by its first bytes."""
    return path.suffix.lower() == ENDING or first_bytes(path).startswith(START)


def find_header(path: Path) -> Path | None:
    """Find the header of an image, which may be the file itself; None without one."""
    if is_header(path):
        return path
    return next(iter(find_files(path.parent, [path.name + ENDING, path.stem + ENDING])), None)


def find_data(header: Path) -> Path | None:
    """Find the file of numbers that a header describes; None where it is not next to it.

    Raises SceneError where several files have the name for it, and nothing decides.
    """
    candidates = data_candidates(header)
    if len(candidates) < 2:
        return next(iter(candidates), None)
    layout = read_layout(read_header(header)[0], header)
    named = [path for path in candidates if path.suffix.lower() == f".{layout.interleave}"]
    fitting = [path for path in candidates if path.stat().st_size == layout_end(layout)]
    for found in (named, fitting):
        if len(found) == 1:
            return found[0]
    names = ", ".join(f"'{path.name}'" for path in candidates)
    raise SceneError(
        f"'{header}' may be the header of {names}: give the file of numbers in place of the header"
    )


def data_candidates(header: Path) -> list[Path]:
    """List the files that may be the data of a header by their names."""
    stem = header.stem
    exact = find_files(header.parent, [stem])
    if exact and exact[0].suffix.lower() in (*DATA_ENDINGS, *OTHER_FORMATS):
        return exact[:1]  # as `x.img.hdr` is the header of `x.img` alone
    numbers = find_files(header.parent, [stem, *(stem + ending for ending in DATA_ENDINGS)])
    numbers = [path for path in numbers if path != header]
    return numbers or find_files(header.parent, [stem + ending for ending in OTHER_FORMATS])[:1]


def described_by(path: Path) -> Path | None:
    """Find the data of a header; None for a file that is no header."""
    return find_data(path) if is_header(path) else None


def find_files(folder: Path, names: Sequence[str]) -> list[Path]:
    """Find the files of a folder with these names; of a name in several cases the exact one."""
    files = {path.name.lower(): path for path in folder.iterdir() if path.is_file()}
    files |= {name.lower(): folder / name for name in names if (folder / name).is_file()}
    return [files[name.lower()] for name in names if name.lower() in files]


def notes_on_files(header: Path, data: Path) -> list[str]:
    """Note which files next to an image have a name that fits its header or its data."""
    others = [printable(path.name) for path in data_candidates(header) if path != data]
    notes = [f"its header may also be that of {', '.join(others)}"] if others else []
    headers = find_files(data.parent, [data.name + ENDING, data.stem + ENDING])
    unused = [printable(path.name) for path in headers if path != header]
    return notes + [f"of its two headers, '{name}' is not used" for name in unused]
