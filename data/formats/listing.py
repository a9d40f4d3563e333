"""List the files of a folder."""

from pathlib import Path


def visible_files(folder: Path) -> list[Path]:
    """List the files of a folder by name, without hidden ones such as the `._` files of macOS."""
    files = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in files if path.is_file())
