"""Settings for reading a scene."""

from dataclasses import dataclass, fields
from typing import Any

NO_MAP, NEXT_TO_SCENE = "none", "auto"


@dataclass(frozen=True)
class ReadSettings:
    """Choices in reading a file, named as the options of the command line.

    `data_key` and `map_key` name the variables of the cube and the ground truth; `map` is a file
    with the ground truth, "none", or "auto" for the file that is next to the scene and named after
    it, if there is one. `axes` names the axes of the cube, as in "bhw"; `bands` selects, as in
    "10-50,60-". Pixels with NaN in some bands are masked if `nan` is "mask"; if it
    is "refuse", they are an error. `nodata` is the no-data value, in place of the file's own.
    """

    data_key: str | None = None
    map_key: str | None = None
    map: str | None = None
    axes: str | None = None
    bands: str | None = None
    nan: str = "refuse"
    nodata: float | None = None

    @property
    def non_default(self) -> dict[str, Any]:
        """The settings that differ from their defaults, by name."""
        return {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }


DEFAULTS = ReadSettings()
