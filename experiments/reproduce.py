"""Compute a table: the cells that are not saved yet, then its files and pictures."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from data.reading.settings import ReadSettings
from data.scene import Scene
from detection.measures import MEASURES, compute_measures
from experiments.cell import Outcome, compute
from experiments.cell_store import CellStore
from experiments.files import write_table
from experiments.jobs import ProcessDied, run_jobs
from experiments.pictures import draw_pictures
from experiments.plan import Plan, plan_table
from experiments.progress import Progress
from experiments.table import CellKey, Table
from options.stretch import DEFAULT_STRETCH, Stretch
from utils.devices import select_device
from utils.files import ensure_writable
from utils.json_text import json_value
from utils.signals import deferring_interrupt


def reproduce(
    table: Table,
    *,
    data_dir: Path,
    reading: ReadSettings,
    result_dir: Path,
    gpu_ids: tuple[int, ...],
    workers: int,
    cluster: str | None,
    stretch: Stretch = DEFAULT_STRETCH,
) -> tuple[Plan, list[Path]]:
    """Compute the open cells of a table and save each at once; write the table and its pictures.

    0 workers stand for one process per CUDA device, or for this process where there are not
    several. Returns the plan with all outcomes and the files of the table; raises InputError where
    nothing can be computed.
    """
    select_device(gpu_ids)  # raises for an unavailable one
    plan = plan_table(table, data_dir=data_dir, reading=reading)
    folder = ensure_writable(result_dir / "tables")
    store = CellStore(folder / "cells")
    restore_cells(plan, store)
    devices = several_devices(gpu_ids)
    workers = workers or len(devices) or 1
    with (
        closing(Progress(plan)) as progress,
        closing(  # ends the processes in any case
            compute_cells(
                plan, progress, gpu_ids=gpu_ids, workers=workers, devices=devices, cluster=cluster
            )
        ) as results,
    ):
        paths = save_results(results, plan, store, folder=folder, progress=progress)
    pictures = draw_pictures(folder / table.name, plan, stretch=stretch)
    return plan, [*paths, *pictures]


def save_results(
    results: Iterable[tuple[CellKey, Outcome]],
    plan: Plan,
    store: CellStore,
    *,
    folder: Path,
    progress: Progress,
) -> list[Path]:
    """Save each cell when it is computed, and write the table again; return the table's files."""
    paths = write_table(folder, plan)
    try:
        for key, outcome in results:
            with deferring_interrupt():
                store.save(key.scene, plan.cells[key].key, outcome)
                plan.outcomes[key] = outcome
                paths = write_table(folder, plan)
                progress.finished(key, outcome)
    except KeyboardInterrupt:
        progress.interrupted()
        raise
    return paths


def restore_cells(plan: Plan, store: CellStore) -> None:
    """Load the saved cells, except those without a requested curve."""
    for key, cell in plan.cells.items():
        saved = store.find(cell.scene, cell.key)
        if saved is not None and cell.eval_freq in (0, saved.record["eval_freq"]):
            plan.outcomes[key] = with_all_measures(saved, plan.scenes[cell.scene])


def with_all_measures(saved: Outcome, scene: Scene | None) -> Outcome:
    """Compute the measures again where the cell was saved before there was one of them."""
    measures = saved.record["measures"]
    if scene is None or saved.scores is None or not measures or measures.keys() == MEASURES.keys():
        return saved
    found = json_value(compute_measures(scene.anomalous, scene.without_unlabelled(saved.scores)))
    return replace(saved, record={**saved.record, "measures": found})


def compute_cells(
    plan: Plan,
    progress: Progress,
    *,
    gpu_ids: tuple[int, ...],
    workers: int,
    devices: Sequence[int],
    cluster: str | None,
) -> Generator[tuple[CellKey, Outcome], None, None]:
    """Compute the open cells, in this process with progress of every epoch, or in others."""
    here = workers == 1 and cluster is None
    # each process sees one of several devices, as the first
    function = partial(compute, gpu_ids=(0,) if devices and not here else gpu_ids)
    if here:
        function = partial(function, advance=progress.advance)
    cells = {key: plan.cells[key] for key in plan.open}
    jobs = run_jobs(function, cells, workers=workers, devices=devices, cluster=cluster)
    with closing(jobs):
        for key, result in jobs:
            if isinstance(result, ProcessDied):
                result = Outcome({**cells[key].record(), "failed": str(result)})
            yield key, result


def several_devices(gpu_ids: tuple[int, ...]) -> Sequence[int]:
    """Return the requested CUDA devices if they are several."""
    return gpu_ids if len(gpu_ids) > 1 and select_device(gpu_ids).type == "cuda" else ()
