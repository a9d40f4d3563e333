"""Download scenes that have a direct link, and instructions for those that have none."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from data.errors import SceneError
from data.known_scenes.catalogue import source_text
from data.known_scenes.inventory import MISNAMED, OTHER, THERE, Entry
from utils.files import atomic_write, ensure_writable
from utils.foreign_files import decoded, text_kind
from utils.progress_bar import progress_bar

PATIENCE = 30  # seconds without an answer
BLOCK = 1 << 18  # bytes that are read at a time


def fetch(entry: Entry, data_dir: Path) -> str:
    """Download a scene into the data folder unless it is there; return a line on the result.

    Raises SceneError where it cannot be downloaded, with the steps of the user to take.
    """
    if entry.status == THERE:
        return f"{entry.name}: is there, {entry.path}"
    if entry.status == MISNAMED:
        raise SceneError(f"is there as {entry.note}")
    if entry.status == OTHER:
        raise SceneError(
            f"'{entry.path}' is there and not the scene ({entry.note}): it is not replaced; "
            f"rename it, and fetch again"
        )
    if not entry.facts.get("url"):
        raise SceneError(f"no direct link is known; {by_hand([entry], data_dir)}")
    path = ensure_writable(data_dir) / entry.facts["file"]
    if path.exists():
        raise SceneError(f"'{path}' is there already, and is not replaced")
    download(entry.facts, path)
    return f"{entry.name}: saved as {path}, {path.stat().st_size:,} bytes, SHA-256 as expected"


def by_hand(entries: Sequence[Entry], data_dir: Path) -> str:
    """Describe the steps that bring scenes of one source into the data folder."""
    facts = entries[0].facts
    several = len(entries) > 1
    them, each, name = ("them", "each", "NAME.mat") if several else ("it", "it", facts["file"])
    save = f"save {each} as {data_dir / name}; licence: {facts.get('licence') or 'not known here'}"
    if not facts.get("page"):
        return f"{source_text(facts)}; {save}"
    return f"open {source_text(facts)}, download {them} there, and {save}"


def download(facts: Mapping[str, Any], path: Path) -> None:
    """Download the file of a scene, with its progress; nothing is left of one that is not right.

    Raises SceneError where the server does not answer, or sends another file.
    """
    url, digest, start = facts["url"], hashlib.sha256(), b""
    with atomic_write(path) as file, progress_bar("downloading") as show:
        for block, share in blocks_of(url):
            start = start or block
            digest.update(block)
            file.write(block)
            show(share)
        if digest.hexdigest() != facts["sha256"].lower():
            kind = text_kind(decoded(start), "") or f"another file, of SHA-256 {digest.hexdigest()}"
            raise SceneError(f"{url} sent {kind}; expected SHA-256 {facts['sha256']}")


def blocks_of(url: str) -> Iterator[tuple[bytes, float]]:
    """Yield the blocks of a file on a server, and the share that is there, 0 where not known.

    Raises SceneError where it cannot be had whole.
    """
    with network_errors(url), urlopen(url, timeout=PATIENCE) as response:
        size, received = int(response.headers.get("Content-Length") or 0), 0
        while block := response.read(BLOCK):
            received += len(block)
            yield block, received / size if size else 0
        if received < size:
            raise SceneError(f"{url}: the connection ended after {received:,} of {size:,} bytes")


@contextmanager
def network_errors(url: str) -> Iterator[None]:
    """Turn errors of a connection into SceneErrors."""
    try:
        yield
    except HTTPError as error:
        raise SceneError(f"{url}: the server answers {error.code} {error.reason}") from None
    except SceneError:  # which is a ValueError
        raise
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise SceneError(f"{url} cannot be downloaded: {reason or type(error).__name__}") from None
