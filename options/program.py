"""The name by which this program was called, and its errors."""

import sys
from pathlib import Path


def program() -> list[str]:
    """Return the words that run this program: `nl2net` if that was called, else main.py."""
    return ["nl2net"] if Path(sys.argv[0]).stem == "nl2net" else ["python", "main.py"]


def print_error(message: str) -> None:
    """Print an error as argparse does, with the name of the program first."""
    print(f"{program()[-1]}: error: {message}", file=sys.stderr)
