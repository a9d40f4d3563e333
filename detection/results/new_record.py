"""Begin the record of a run, from what is computed; records are read without PyTorch."""

from argparse import Namespace

from data.lazy_cube import LazyCube
from data.scene import Scene
from detection.results.record import RunRecord
from detection.task import Task
from options.recorded import option_values
from utils.provenance import provenance


def new_record(kind: str, args: Namespace, task: Task) -> RunRecord:
    """Begin the record of a task: the scene, the options, and the machine."""
    machine = provenance(task.device)
    scene = task.scene
    numbers = scene.metadata.numbers
    return RunRecord(
        kind=kind,
        scene=scene.name,
        source=scene.source,
        digest=digest_of_cube(scene),
        shape=list(scene.cube.shape),
        bands=None if numbers is None else numbers.tolist(),
        method=args.method,
        title=task.title,
        options=option_values(args),
        date=str(machine.pop("date")),
        machine=machine,
    )


def digest_of_cube(scene: Scene) -> str | None:
    """Return a checksum of a cube in memory; None for one on disk, which takes long to read."""
    return None if isinstance(scene.cube, LazyCube) else scene.cube_digest
