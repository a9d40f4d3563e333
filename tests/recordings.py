"""The recorded runs of the published implementations, in tests/parity."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.scene import Scene

FOLDER = Path(__file__).with_name("parity")
NL2NET = sorted(path.stem for path in FOLDER.glob("*.npz"))
FAMILY = sorted(f"family/{path.stem}" for path in FOLDER.glob("family/*.npz"))
RECORDINGS = [*NL2NET, *FAMILY]


@dataclass(frozen=True)
class Recording:
    """A recorded run: its options, and its arrays at the beginning and at the end."""

    config: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    @property
    def kind(self) -> str:
        """`nl2net`, or `family` for the other networks."""
        return "family" if "method" in self.config else "nl2net"

    @property
    def method(self) -> str:
        return str(self.config.get("method", "nl2net"))

    def group(self, name: str) -> dict[str, NDArray[Any]]:
        """The arrays of a state: `init`, `grad` or `final`, by the names of the weights."""
        return {
            key.removeprefix(f"{name}/"): array
            for key, array in self.arrays.items()
            if key.startswith(f"{name}/")
        }

    def seen_taps(self, name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Set the masked taps of a masked convolution, whose values are arbitrary, to 0."""
        mask = self.arrays.get(f"init/{name.removesuffix('weight')}mask")
        return values if mask is None or not name.endswith("weight") else values * mask

    def scaled_cube(self) -> NDArray[np.float32]:
        """The scene as it was trained on."""
        truth = self.arrays["map"]
        return Scene("recorded", self.arrays["cube"], truth, source="recording").scaled_cube()


def read_recording(name: str) -> Recording:
    """Read a run by its name in the folder."""
    with np.load(FOLDER / f"{name}.npz") as arrays:
        loaded = dict(arrays)
    return Recording(json.loads(str(loaded.pop("config"))), loaded)
