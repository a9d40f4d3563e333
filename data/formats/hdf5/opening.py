"""HDF5 files opened for reading: locks, writers, objects by hard links alone."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from data.errors import SceneError

HELD = (errno.EAGAIN, errno.EACCES)  # of a lock that another program holds
LOCK, WRITER, CUT = "unable to lock file", "already open for", "truncated file"
DEEPEST, MOST_OBJECTS = 100, 1 << 15  # groups in groups, and objects, that a file may have
WRAPPERS = {h5py.h5g.GroupID: h5py.Group, h5py.h5d.DatasetID: h5py.Dataset}


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading; raise SceneError where a program writes it, or left it open.

    Its lock is respected, because values may be missing that the other program has yet to write.
    On file systems without locks the file is read without one.
    """
    with open_unless_written(path) as file:
        yield file


def open_unless_written(path: Path) -> h5py.File:
    """Open a file with a lock, or without one where there are none."""
    try:
        return h5py.File(path, "r")
    except OSError as error:
        if LOCK not in str(error) or error.errno in HELD:
            raise explained(error, path) from error
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        raise explained(error, path) from error


def explained(error: OSError, path: Path) -> Exception:
    """Return the error to be raised for one of HDF5 on opening a file."""
    reason = str(error)
    if LOCK in reason:
        return SceneError(
            f"'{path}' is open for writing in another program: close it there "
            f"(HDF5_USE_FILE_LOCKING=FALSE reads what is written so far)"
        )
    if WRITER in reason:
        return SceneError(
            f"'{path}' is open for writing in another program, or was not closed by one that "
            f"ended early: close it there, or remove the mark with h5clear -s '{path}'"
        )
    if CUT in reason and (sizes := re.search(r"eof = (\d+).*stored_eof = (\d+)", reason)):
        has, declared = map(int, sizes.groups())
        return OSError(
            f"it has {has:,} of the {declared:,} bytes that it declares: it was copied in part, or "
            f"its program did not close it"
        )
    return error


def objects_in(file: h5py.File, path: Path) -> Iterator[tuple[str, Any]]:
    """Yield all groups and datasets by their paths, without the first slash, in their order.

    Links to other files and to paths are not followed: all that a file holds has a hard link.
    Raises SceneError for more groups in groups, or objects, than files of images have.
    """
    root = file["/"]
    yield "", root
    seen, stack = {address(root)}, [("", members(root))]
    while stack:
        prefix, inside = stack[-1]
        name, item = next(inside, ("", None))
        if item is None:
            stack.pop()
        elif address(item) not in seen:
            seen.add(address(item))
            yield prefix + name, item
            if isinstance(item, h5py.Group):
                stack.append((f"{prefix}{name}/", members(item)))
        if len(stack) > DEEPEST or len(seen) > MOST_OBJECTS:
            raise SceneError(
                f"'{path}' has more than {DEEPEST} groups in one another, or {MOST_OBJECTS:,} "
                f"objects: save the cube in a file of its own"
            )


def address(item: Any) -> Any:
    """Return where an object is in its file."""
    return h5py.h5o.get_info(item.id).addr


def links_in(group: h5py.Group) -> list[tuple[bytes, int]]:
    """List the links of a group, with their types, by name."""
    links: list[tuple[bytes, int]] = []
    group.id.links.iterate(lambda name, info: links.append((name, info.type)), info=True)
    return links


def members(group: h5py.Group) -> Iterator[tuple[str, Any]]:
    """Yield the groups and datasets that a group has by hard links, by name."""
    for name, kind in links_in(group):
        item = opened_object(group, name) if kind == h5py.h5l.TYPE_HARD else None
        if item is not None:
            yield name.decode("utf-8", "surrogateescape"), item


def opened_object(group: h5py.Group, name: bytes) -> Any:
    """Open an object by the name of a hard link; None for what is neither group nor dataset."""
    identifier = h5py.h5o.open(group.id, name)
    wrapper = WRAPPERS.get(type(identifier))
    return None if wrapper is None else wrapper(identifier)


def member(group: h5py.Group, path: str) -> Any:
    """Find an object by its path from a group, by hard links alone; None for none."""
    item: Any = group.file["/"] if path.startswith("/") else group
    for part in filter(None, path.split("/")):
        name = part.encode("utf-8", "surrogateescape")
        if not isinstance(item, h5py.Group) or not item.id.links.exists(name):
            return None
        if item.id.links.get_info(name).type != h5py.h5l.TYPE_HARD:
            return None
        item = opened_object(item, name)
    return item


def foreign_links(group: h5py.Group) -> Iterator[tuple[str, str]]:
    """Yield the names of a group's links to other files, and these files."""
    for name, kind in links_in(group):
        if kind == h5py.h5l.TYPE_EXTERNAL:
            target, _ = group.id.links.get_val(name)
            yield name.decode("utf-8", "replace"), os.fsdecode(target)
