"""A checksum in files of `torch.save`, which PyTorch reads as before.

These are ZIP files, and a ZIP file may end with a comment: here the SHA-256 of all bytes before it.
"""

from hashlib import sha256

MARK = b"NL2Net sha256 "
COMMENT = len(MARK) + 64  # bytes
LENGTH = 2  # bytes: the length of the comment, the last field before it


def add_checksum(contents: bytes) -> bytes:
    """Add the checksum to a ZIP file without comment."""
    covered = contents[:-LENGTH] + COMMENT.to_bytes(LENGTH, "little")
    return covered + MARK + sha256(covered).hexdigest().encode()


def checksum_fits(contents: bytes) -> bool | None:
    """Return whether the checksum of a file fits; None where the file has none."""
    covered, comment = contents[:-COMMENT], contents[-COMMENT:]
    if not comment.startswith(MARK):
        return None
    return comment == MARK + sha256(covered).hexdigest().encode()
