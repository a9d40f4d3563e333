"""Compute a table: its cells, as far as they are not there yet, then its files and pictures."""

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from data.reading.settings import Reading
from experiments.cell import Outcome, compute
from experiments.cell_store import Store
from experiments.declaration import Table
from experiments.files import draw_pictures, write_table
from experiments.jobs import ProcessDied, run_jobs
from experiments.plan import Place, Plan, plan_table
from experiments.progress import Progress
from utils.devices import select_device
from utils.files import ensure_writable
from utils.signals import deferring_interrupt


def reproduce(
    table: Table,
    *,
    data_dir: Path,
    reading: Reading,
    result_dir: Path,
    gpu_ids: tuple[int, ...],
    workers: int,
    cluster: str | None,
) -> tuple[Plan, list[Path]]:
    """Compute what a table lacks, and keep each cell at once; write the table and its pictures.

    With 0 workers there is a process for each of several CUDA devices, or else this one.
    Returns what there is now and the files of the table; raises InputError where nothing can be
    computed.
    """
    select_device(gpu_ids)  # raises where one is not there
    plan = plan_table(table, data_dir=data_dir, reading=reading)
    folder = ensure_writable(result_dir / "tables")
    store = Store(folder / "cells")
    take_kept(plan, store)
    paths = write_table(folder, plan)
    devices = several_devices(gpu_ids)
    workers = workers or len(devices) or 1
    with (
        closing(Progress(plan)) as progress,
        closing(  # which ends the processes, whatever happens here
            computed(
                plan, progress, gpu_ids=gpu_ids, workers=workers, devices=devices, cluster=cluster
            )
        ) as results,
    ):
        try:
            for place, outcome in results:
                with deferring_interrupt():
                    store.keep(place[1], plan.cells[place].key, outcome)
                    plan.outcomes[place] = outcome
                    paths = write_table(folder, plan)
                    progress.finished(place, outcome)
        except KeyboardInterrupt:
            progress.interrupted()
            raise
    return plan, [*paths, *draw_pictures(folder / table.name, plan)]


def take_kept(plan: Plan, store: Store) -> None:
    """Take the cells that are kept from before; one without the curve asked for is none."""
    for place, cell in plan.cells.items():
        kept = store.find(cell.scene, cell.key)
        if kept is not None and cell.eval_freq in (0, kept.record["eval_freq"]):
            plan.outcomes[place] = kept


def computed(
    plan: Plan,
    progress: Progress,
    *,
    gpu_ids: tuple[int, ...],
    workers: int,
    devices: Sequence[int],
    cluster: str | None,
) -> Generator[tuple[Place, Outcome], None, None]:
    """Compute the open cells, in this process with word of every epoch, or in others."""
    here = workers == 1 and cluster is None
    # a process of its own sees one of several devices, which it calls the first
    function = partial(compute, gpu_ids=(0,) if devices and not here else gpu_ids)
    if here:
        function = partial(function, advance=progress.advance)
    cells = {place: plan.cells[place] for place in plan.open}
    jobs = run_jobs(function, cells, workers=workers, devices=devices, cluster=cluster)
    with closing(jobs):
        for place, result in jobs:
            if isinstance(result, ProcessDied):
                result = Outcome({**cells[place].record(), "failed": str(result)})
            yield place, result


def several_devices(gpu_ids: tuple[int, ...]) -> Sequence[int]:
    """The CUDA devices that were asked for, where they are there and more than one."""
    return gpu_ids if len(gpu_ids) > 1 and select_device(gpu_ids).type == "cuda" else ()
