"""MATLAB files (version 5 and older), the format that the field passes its scenes around in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray
from scipy.io import loadmat, savemat, whosmat
from scipy.sparse import issparse

from data.scene import Scene, SceneError
from utils.files import replacing

CUBE_KEY = "data"
TRUTH_KEY = "map"


def read_scene(path: Path, *, name: str) -> Scene:
    """Read the variables `data` (H, W, B) and `map` (H, W) of a MATLAB file.

    Raises SceneError where the file is no MATLAB file, is damaged or lacks a variable.
    """
    with path.open("rb") as file:
        found, variables = read_variables(file, path)
    missing = [key for key in (CUBE_KEY, TRUTH_KEY) if key not in variables]
    if missing:
        listing = ", ".join(
            f"{variable} {'×'.join(map(str, shape))}" for variable, shape in found.items()
        )
        raise SceneError(
            f"'{path}' has no variable {' and no '.join(map(repr, missing))} "
            f"(found: {listing or 'none'}); rename yours, or add a map of zeros without a truth"
        )
    return Scene(name, variables[CUBE_KEY], variables[TRUTH_KEY], source=f"'{path}'")


def read_variables(
    file: BinaryIO, path: Path
) -> tuple[dict[str, tuple[int, ...]], dict[str, NDArray[Any]]]:
    """Read what variables of what shapes a file has, and the values of the two that are used."""
    try:
        shapes = {variable: shape for variable, shape, _ in whosmat(file)}
        read = loadmat(file, variable_names=[CUBE_KEY, TRUTH_KEY])
        dense = {key: value.toarray() if issparse(value) else value for key, value in read.items()}
        return shapes, dense
    except NotImplementedError:
        raise SceneError(
            f"'{path}' is a MATLAB file of version 7.3, which is not read here; "
            f"save it again with save(..., '-v7')"
        ) from None
    except MemoryError:
        raise
    except Exception as error:  # scipy meets damage with anything from OSError to zlib.error
        raise SceneError(f"'{path}' is damaged or no MATLAB file ({error})") from error


def write_scene(scene: Scene, path: Path) -> None:
    """Write the cube and the truth of a scene as `data` and `map`."""
    write_variables(path, {CUBE_KEY: scene.cube, TRUTH_KEY: scene.truth})


def write_variables(path: Path, variables: Mapping[str, NDArray[Any]]) -> Path:
    """Write named arrays to a MATLAB file of version 5, compressed; return its path."""
    with replacing(path) as file:
        savemat(file, dict(variables), do_compression=True)
    return path
