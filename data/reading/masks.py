"""Layers of a product that are no ground truth: masks of clouds, quality, no data; angles, heights.

They are recognised by the words of their names, and of the attributes that describe them.
"""

import re
from collections.abc import Mapping

from data.formats.contents import Variable

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
    *(
        "cfmask",
        "aot",
        "wvp",
        "dem",
        "dsm",
        "slope",
        "aspect",
        "angle",
        "angles",
        "sza",
        "vza",
        "saa",
        "vaa",
        "raa",
        "height",
        "depth",
        "time",
    ),
}
# words of a ground truth, whatever the others are
TRUTH_WORDS = {"gt", "truth", "groundtruth", "anomaly", "anomalies", "anomalous"}
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


def words_of(text: str) -> list[str]:
    """Split a name or a text into its words, in lower case.

    >>> words_of("QL_QualityCloud2 mask_nodata")
    ['ql', 'quality', 'cloud', 'mask', 'nodata']
    """
    return [word.lower() for word in WORD.findall(text)]


def product_layers(variables: Mapping[str, Variable]) -> list[str]:
    """List the variables that are layers of a product."""
    return [name for name, found in variables.items() if is_product_layer(name, found.meaning)]
