"""Read the variables of a file as scenes are read from it."""

from dataclasses import replace
from pathlib import Path

from data.formats.contents import Contents, Variable
from data.formats.registry import read_contents
from data.reading.wavelengths import complete_metadata


def complete(contents: Contents) -> dict[str, Variable]:
    """List variables, those of three axes with their wavelengths and bad bands."""
    return {
        name: replace(variable, metadata=complete_metadata(contents, name))
        if len(variable.shape) == 3
        else variable
        for name, variable in contents.variables.items()
    }


def read_variables(path: Path, format: str) -> dict[str, Variable]:
    """Read the variables of a file that is recognised as one of this format."""
    contents = read_contents(path)
    assert contents.format == format
    return complete(contents)


def read_image(path: Path, format: str) -> Variable:
    """Read the one variable of an image's file."""
    variables = read_variables(path, format)
    assert list(variables) == ["image"]
    return variables["image"]
