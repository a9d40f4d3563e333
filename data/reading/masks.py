"""Layers of a product that are no ground truth: masks of clouds, quality, no data; angles, heights.

They are recognised by the words of their names, and of the attributes that describe them.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from data.formats.contents import Variable
from data.reading.bands import selection_text
from utils.text import printable

# parts of words, as in "cloudmask", "CLOUDSHADOW"
PARTS = re.compile(
    r"cloud|cirrus|shadow|quality|no_?data|no_?value|usable|saturat|valid(?!at)|flags|missing"
    r"|pixel_?(mask|qa)|(bad|dead|good)_?pix|(water|land|snow|ice|haze|fill|qa|qc)_?(mask|bits)"
    r"|land_?(cover|use)|classification|confidence|uncertainty|interpolat|footprint|sunglint"
    r"|zenith|azimuth|elevation|altitude|irradiance|vapou?r|aerosol"
)
# whole words
WORDS = {
    *("qa", "qc", "qf", "qi", "dq", "dqf", "ql", "pqa", "bqa", "udm", "flag"),
    *("valid", "good", "fill", "filled", "bad", "dead", "blemish", "defect", "defective"),
    *("sat", "error", "snow", "snw", "ice", "water", "land", "sea", "ocean", "haze"),
    *("glint", "clear", "scl", "cld", "clm", "clp", "lsm", "fmask"),
    *("cfmask", "aot", "wvp", "dem", "dsm", "slope", "aspect", "angle", "angles"),
    *("sza", "vza", "saa", "vaa", "raa", "height", "depth", "time"),
}
# words of a ground truth, whatever the others are
TRUTH_WORDS = {"gt", "truth", "groundtruth", "anomaly", "anomalies", "anomalous"}
# words of bands that hold no spectral values; others, such as "water vapour", name spectral bands
BAND = re.compile(
    r"scl|msk(_\w+)?|cs(_cdf)?|probability|alpha|aot|wvp|dem|nodata|no_data|valid(_\w+)?"
    r"|(\w+_)?(qa|mask|clouds?|flags?|quality|classification)(_\w+)?"
)
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def is_product_layer(name: str, meaning: str = "") -> bool:
    """Return True for a layer of a product, by its path in the file and by its description.

    >>> is_product_layer("QA/mask"), is_product_layer("ValidPixels"), is_product_layer("my_mask")
    (True, True, False)
    """
    words = words_of(name) + words_of(meaning)
    if TRUTH_WORDS & set(words):
        return False
    return bool(WORDS & set(words)) or PARTS.search("_".join(words)) is not None


def note_on_bands(names: Sequence[str]) -> list[str]:
    """Note the bands of a cube that by their names are masks or quality layers, no spectral bands.

    >>> note_on_bands(["B1", "B2", "SCL"])[0].partition(":")[0]
    "band 3 ('SCL') seems a mask or quality layer, no spectral band"
    """
    is_layer = [BAND.fullmatch("_".join(words_of(name))) is not None for name in names]
    if not any(is_layer) or all(is_layer):
        return []
    first = is_layer.index(True)
    more = "" if sum(is_layer) == 1 else f" and {sum(is_layer) - 1} more"
    seems = "seems a mask or quality layer, no spectral band"
    if more:
        seems = "seem masks or quality layers, no spectral bands"
    others = selection_text(np.flatnonzero(~np.array(is_layer)) + 1)
    return [
        f"band {first + 1} ('{printable(names[first].strip())}'){more} {seems}: --bands {others}"
    ]


def words_of(text: str) -> list[str]:
    """Split a name or a text into its words, in lower case.

    >>> words_of("QL_QualityCloud2 mask_nodata")
    ['ql', 'quality', 'cloud', 'mask', 'nodata']
    """
    return [word.lower() for word in WORD.findall(text)]


def product_layers(variables: Mapping[str, Variable]) -> list[str]:
    """List the variables that are layers of a product."""
    return [name for name, found in variables.items() if is_product_layer(name, found.meaning)]
