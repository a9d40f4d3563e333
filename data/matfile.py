"""MATLAB files (version 5 and older), the format that the field passes its scenes around in."""

from collections.abc import Mapping
from pathlib import Path

from numpy.typing import NDArray
from scipy.io import loadmat, savemat, whosmat

from data.scene import Scene, SceneError
from utils.files import replacing

CUBE_KEY = "data"
TRUTH_KEY = "map"


def read_scene(path: Path, *, name: str) -> Scene:
    """Read the variables `data` (H, W, B) and `map` (H, W) of a MATLAB file.

    Raises SceneError where the file is no MATLAB file, is damaged or lacks a variable.
    """
    try:
        found = {variable: shape for variable, shape, _ in whosmat(path)}
        missing = [key for key in (CUBE_KEY, TRUTH_KEY) if key not in found]
        if not missing:
            variables = loadmat(path, variable_names=[CUBE_KEY, TRUTH_KEY])
    except NotImplementedError:
        raise SceneError(
            f"'{path}' is a MATLAB file of version 7.3, which is not read here; "
            f"save it again with save(..., '-v7')"
        ) from None
    except OSError:
        raise
    except Exception as error:  # scipy meets damage with anything from TypeError to zlib.error
        raise SceneError(f"'{path}' is damaged or no MATLAB file ({error})") from error
    if missing:
        listing = ", ".join(
            f"{variable} {'×'.join(map(str, shape))}" for variable, shape in found.items()
        )
        raise SceneError(
            f"'{path}' has no variable {' and no '.join(map(repr, missing))} "
            f"(found: {listing or 'none'}); rename yours"
        )
    return Scene(name, variables[CUBE_KEY], variables[TRUTH_KEY], source=f"'{path}'")


def write_scene(scene: Scene, path: Path) -> None:
    """Write the cube and the truth of a scene as `data` and `map`."""
    write_variables(path, {CUBE_KEY: scene.cube, TRUTH_KEY: scene.truth})


def write_variables(path: Path, variables: Mapping[str, NDArray]) -> None:
    """Write named arrays to a MATLAB file of version 5, compressed."""
    with replacing(path) as file:
        savemat(file, dict(variables), do_compression=True)
