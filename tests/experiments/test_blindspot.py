"""What the blind-spot networks see around a pixel: facts, picture, table, refusals."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import main
from experiments import blindspot
from experiments.blindspot import SIDE, fields_table, receptive_fields
from experiments.blindspot_figure import ReceptiveField, View, blindspot_figure, format_power
from options.parser import build_parser

MIDDLE = SIDE // 2
SMALL = {"nch_ker": 8, "nblk": 2}


def field_of(method: str, **options: object) -> ReceptiveField:
    """The field of a network with few channels and blocks."""
    blocks = {} if method == "bocknet" else {"nblk": 2}
    (field,) = receptive_fields({"method": method, "nch_ker": 16, **blocks, **options})
    return field


@pytest.mark.parametrize("name", ["apbsn", "pdbsnet", "lfeb", "no_attention"])
def test_without_attention_the_pixel_itself_is_blind_exactly(name: str) -> None:
    field = field_of(name)
    assert field.predicting is not None
    assert field.without_pd.self_influence == field.predicting.self_influence == 0
    assert field.without_pd.blind_side == 1 and field.leak == ""
    assert field.without_pd.headline == "blind to 1×1"


@pytest.mark.parametrize(("factor", "side"), [(2, 3), (3, 5)])
def test_pd_sees_every_nth_pixel(factor: int, side: int) -> None:
    """In the middle of a sub-image, none from elsewhere is in sight."""
    field = field_of("pdbsnet", factor=factor)
    assert field.predicting is not None and field.factors == (factor, factor)
    assert field.predicting.blind_side == side
    rows, columns = np.nonzero(field.predicting.influence)
    assert len(rows) > 8
    assert not ((rows - MIDDLE) % factor).any() and not ((columns - MIDDLE) % factor).any()


@pytest.mark.parametrize(("window", "hidden"), [(7, 7), (15, 15), (8, 7)])
def test_bocknet_is_blind_to_its_guard_window(window: int, hidden: int) -> None:
    field = field_of("bocknet", blindspot=window)
    assert field.predicting is None and field.factors is None
    view, outside = field.without_pd, hidden // 2 + 1
    assert view.blind_side == hidden
    inside = slice(MIDDLE - hidden // 2, MIDDLE + hidden // 2 + 1)
    assert not view.influence[inside, inside].any()
    for row, column in ((-outside, 0), (outside, 0), (0, -outside), (0, outside)):
        assert view.influence[MIDDLE + row, MIDDLE + column] > 0


@pytest.mark.parametrize(
    ("name", "most"), [("nl2net", 1e-5), ("ssbsn", 1e-5), ("punnet", 1e-2), ("nlfeb", 1e-5)]
)
def test_what_averages_over_the_image_leaks_and_says_so(name: str, most: float) -> None:
    field = field_of(name)
    assert field.predicting is not None
    for view in (field.without_pd, field.predicting):
        assert 0 < view.self_influence < most and view.blind_side == 0
        assert view.influence.max() == 1 and view.influence.shape == (SIDE, SIDE)
    assert "averages over" in field.leak


def test_refinement_lets_a_pixel_see_itself() -> None:
    field = field_of("apbsn", refinement=True)
    assert field.without_pd.self_influence > 1e-6 and "R3" in field.leak


def test_the_seed_and_the_options_change_the_picture() -> None:
    plain, again = (field_of("lfeb").without_pd.influence for _ in range(2))
    assert np.array_equal(plain, again)
    for options in ({"seed": 2}, {"nblk": 1}, {"nch_ker": 9}):
        assert not np.array_equal(plain, field_of("lfeb", **options).without_pd.influence)
    assert field_of("lfeb", factor_train=5).factors == (5, 2)
    assert field_of("lfeb", factor=1).predicting is None


def test_the_side_of_what_is_blind() -> None:
    influence = np.ones((7, 7))
    assert View(influence).blind_side == 0
    influence[3, 3] = 0
    assert View(influence).blind_side == 1
    influence[2:6, 2:6] = 0
    assert View(influence).blind_side == 3  # not centred, the rest does not count
    assert View(np.zeros((7, 7))).blind_side == 7


def test_format_of_small_numbers() -> None:
    texts = [format_power(value) for value in (1, 0.25, 0.01, 0.0042, 9.6e-12)]
    assert texts == ["1", "0.25", "0.01", "4·10⁻³", "1·10⁻¹¹"]


@pytest.fixture(scope="module")
def family() -> list[ReceptiveField]:
    """The whole family, each with few channels and blocks."""
    return receptive_fields(SMALL)


def texts_of(figure: Figure) -> str:
    """All that is written in a figure but its axes' numbers."""
    found = figure.findobj(lambda part: hasattr(part, "get_text"))
    return " ".join(" ".join(part.get_text() for part in found).split())  # type: ignore[attr-defined]


def test_options_go_to_the_methods_that_have_them(family: list[ReceptiveField]) -> None:
    titles = [field.title for field in family]
    assert titles[:6] == ["NL2Net", "AP-BSN", "SS-BSN", "PDBSNet", "BockNet", "PUNNet"]
    factors = [field.factors for field in family[:6]]
    assert factors == [(2, 2), (5, 2), (5, 2), (3, 3), None, (2, 2)]


def test_the_figure_has_two_panels_a_method(family: list[ReceptiveField]) -> None:
    figure = blindspot_figure(family)
    drawn = [axes for axes in figure.axes if axes.images]
    with_pd = [field for field in family if field.predicting]
    assert len(drawn) == len(family) + len(with_pd) and family[4] not in with_pd  # BockNet
    for axes in drawn:
        values = axes.images[0].get_array()
        assert values is not None and values.shape == (SIDE, SIDE)
    blind = family[1].without_pd.influence == 0
    assert np.array_equal(np.ma.getmaskarray(np.ma.asarray(drawn[1].images[0].get_array())), blind)
    texts = texts_of(figure)
    assert "blind to 15×15" in texts and "PD 3 blind to 5×5" in texts
    assert "no PD: predicts as above" in texts and "R3" not in texts
    assert "NL2Net, SS-BSN: attention sees" in texts and "PUNNet: channel attention" in texts


def test_without_pd_there_is_one_row(family: list[ReceptiveField]) -> None:
    figure = blindspot_figure([family[4]])
    assert len([axes for axes in figure.axes if axes.images]) == 1
    assert "PD, pixel-shuffle" not in texts_of(figure)


def test_the_table_has_a_line_a_method(family: list[ReceptiveField]) -> None:
    lines = fields_table(family).splitlines()
    assert lines[2].split() == ["AP-BSN", "5", "/", "2", "1×1", "0", "3×3", "0"]
    assert lines[5].split() == ["BockNet", "none", "15×15", "0"]
    assert lines[1].split()[4] == "–" and lines[-1].startswith("PUNNet: ")


Draw = Callable[..., str]


@pytest.fixture
def draw(workplace: Path, capsys: pytest.CaptureFixture[str]) -> Draw:
    """Draw with few channels; returns what the command printed."""

    def call(*words: str) -> str:
        main.main(["--command", "blindspot", "--nch_ker", "8", *words])
        return capsys.readouterr().out

    return call


@pytest.fixture
def refused(workplace: Path, capsys: pytest.CaptureFixture[str]) -> Draw:
    """Have the command refuse options; returns the one line it says."""

    def call(*words: str) -> str:
        with pytest.raises(SystemExit) as exit_:
            main.main(["--command", "blindspot", *words])
        assert exit_.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert not list(Path().rglob("*.png"))
        return line.removeprefix("main.py: error: ")

    return call


@pytest.mark.draws
def test_the_picture_is_written_and_written_again(draw: Draw) -> None:
    out = draw("--method", "bocknet", "--blindspot", "7")
    assert "BockNet  none              7×7" in out
    paths = [Path("result/blindspot.png"), Path("result/blindspot.pdf")]
    assert out.splitlines()[-2:] == [f"  {path}" for path in paths]
    first = [path.read_bytes() for path in paths]
    assert first[0][:4] == b"\x89PNG" and first[1][:4] == b"%PDF"
    assert "9×9" in draw("--method", "bocknet", "--blindspot", "9")
    assert paths[0].read_bytes() not in first and paths[1].read_bytes() not in first
    assert sorted(Path("result").iterdir()) == sorted(paths)  # nothing unfinished is left


def test_a_failed_drawing_leaves_the_last_picture(
    draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw("--method", "bocknet", "--result_dir", "mine")
    kept = Path("mine/blindspot.png").read_bytes()

    def broken(self: Figure, file: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", broken)
    with pytest.raises(SystemExit):
        draw("--method", "bocknet", "--result_dir", "mine", "--blindspot", "9")
    assert Path("mine/blindspot.png").read_bytes() == kept
    assert len(list(Path("mine").iterdir())) == 2


def test_without_a_method_the_family_is_drawn(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blindspot, "FAMILY", ("lfeb", "bocknet"))
    out = draw("--nblk", "2", "--factor", "1", "--blindspot", "3")
    assert [line.split()[0] for line in out.splitlines()[1:3]] == ["LFEB", "BockNet"]
    assert "1 / 1" in out and "3×3" in out


@pytest.mark.parametrize("name", ["rx", "lrx", "crd", "autoad"])
def test_what_is_no_blind_spot_network_is_refused(refused: Draw, name: str) -> None:
    message = f"--method {name}: not a blind-spot network (available: nl2net, lfeb, "
    assert refused("--method", name).startswith(message)


MEANT = {
    *("command", "method", "result_dir", "seed", "nch_ker", "nblk", "mode", "f_scale", "factor"),
    *("ss_exp_factor", "factor_train", "factor_test", "blindspot", "dilation", "refinement"),
}
OF_OTHER_NETWORKS = {"levels": "3", "search_every": "5", "patch": "7"}
GIVEN = {
    **{"threshold": "value=1", "preset": "fast", "gpu_ids": "-1", "epochs": "auto", "tile": "9"},
    **OF_OTHER_NETWORKS,
}


def test_options_that_cannot_change_the_picture_are_refused(refused: Draw) -> None:
    options = {*vars(build_parser().parse_args([]))}
    assert options > MEANT - {"mode", "factor"}
    for option in (*GIVEN, "dataset", "data_dir", "weights", "map", "table", "cluster"):
        words = f"--{option}", GIVEN.get(option, "x")
        assert option not in MEANT
        assert refused(*words) == f"--{option} does not apply to --command blindspot"
        assert "does not apply to --command" in refused("--method", "lfeb", *words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "lfeb", "--blindspot", "7"], "--blindspot does not apply to --method lfeb"),
        (["--method", "no_pd", "--factor", "2"], "--method no_pd has --factor 1 and no other"),
        (
            ["--method", "bocknet", "--blindspot", "99"],
            "--method bocknet: the network sees none",
        ),
        (["--method", "punnet", "--dilation", "3"], "--method punnet: dilation is 3"),
        (["--method", "lfeb", "--factor", "999"], "--method lfeb: factor 999 is larger than"),
        (["--mode", "na,ss"], "--method nl2net: --mode names 2 blocks, but --nblk is 6"),
    ],
)
def test_options_that_do_not_fit_are_refused(refused: Draw, words: list[str], message: str) -> None:
    assert refused(*words).startswith(message)
