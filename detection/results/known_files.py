"""The names of the files of a prediction."""

from data.writing import written_endings

FIRST, LAST = "detectmap.mat", "metrics.json"
RECORD = "run.json"
LOG = "log.txt"
# of the latest prediction, in the folder of the scene, where the published program writes them
LATEST = (FIRST, "reconstructed_data.mat", LOG)
MAPS = ("detectmap", "reconstructed_data", "mask")  # as MATLAB files and in the scene's format
PICTURES = ("detectmap", "roc", "roc_3d", "separability")


def known_files() -> list[str]:
    """List the names of all files that a prediction may have, the last one first."""
    maps = [f"{name}{ending}" for name in MAPS for ending in (".mat", *written_endings())]
    pictures = [f"{name}.{ending}" for name in PICTURES for ending in ("png", "pdf")]
    tables = ["objects.csv", "objects_spectra.csv"]
    vectors = ["objects.geojson", "objects_polygons.geojson", "objects.gpkg"]
    others = [*tables, *vectors, LOG, RECORD, "report.html"]
    return [LAST, *sorted({*maps, *pictures, *others})]
