"""Downloads of scenes, from a server on this machine."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import main
from data.errors import SceneError
from data.known_scenes.command import fetch_scenes, list_scenes
from data.known_scenes.fetching import download
from data.reading.by_name import load_scene

DATA = Path("data")
PAGE = b"<!DOCTYPE html><html>log in first</html>"


class Answers(BaseHTTPRequestHandler):
    """A server of one file, of a page that it redirects to, and of half of the file."""

    def __init__(self, *settings: Any, content: bytes) -> None:
        self.content = content
        super().__init__(*settings)

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/page")
            self.end_headers()
            return
        sent = {"/page": PAGE, "/scene.npz": self.content, "/half": self.content}.get(self.path)
        if sent is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent[: len(sent) // 2] if self.path == "/half" else sent)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def content(workplace: Path, cube: NDArray[Any], truth: NDArray[Any]) -> bytes:
    """The bytes of a scene's file."""
    path = workplace / "made.npz"
    np.savez(path, data=cube, map=truth)
    return path.read_bytes()


@pytest.fixture
def server(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server on this machine."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Answers, content=content)) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def declare(content: bytes, **urls: str) -> None:
    """Write scenes of these names and addresses into the data folder."""
    digest = hashlib.sha256(content).hexdigest().upper()
    own = {
        name: {"url": url, "sha256": digest, "file": f"{name}.npz", "shape": [13, 11, 5]}
        for name, url in urls.items()
    }
    (DATA / "scenes.json").write_text(json.dumps(own), encoding="utf-8")


def test_a_scene_is_downloaded_once_and_can_be_used(
    server: str, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(content, mine=f"{server}/scene.npz")
    (row,) = fetch_scenes(["mine"], data_dir=DATA)
    said = capsys.readouterr().out
    assert said == f"mine: saved as data/mine.npz, {len(content):,} bytes, SHA-256 as expected\n"
    assert (row["status"], row["path"]) == ("there", "data/mine.npz")
    assert (DATA / "mine.npz").read_bytes() == content
    declare(content, mine=f"{server}/gone")  # is not asked for again
    fetch_scenes(["mine"], data_dir=DATA)
    assert capsys.readouterr().out == "mine: is there, data/mine.npz\n"
    assert load_scene("mine", data_dir=DATA).anomalies == 3


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("gone", "the server answers 404 Not Found"),
        ("page", "sent a web page, not data: download the file itself; expected SHA-256 "),
        ("moved", "sent a web page, not data"),
        ("half", "the connection ended after "),
    ],
)
def test_nothing_is_left_of_a_download_that_fails(
    server: str, content: bytes, path: str, message: str
) -> None:
    declare(content, mine=f"{server}/{path}")
    with pytest.raises(SceneError) as error:
        fetch_scenes(["mine"], data_dir=DATA)
    assert message in str(error.value) and str(error.value).startswith(f"mine: {server}/{path}")
    assert [path.name for path in DATA.iterdir()] == ["scenes.json"]


def test_another_file_than_expected_is_named_by_its_checksum(server: str, content: bytes) -> None:
    facts = {"url": f"{server}/scene.npz", "sha256": "0" * 64}
    with pytest.raises(SceneError, match="another file, of SHA-256 [0-9a-f]{64}; expected"):
        download(facts, DATA / "mine.npz")
    assert not [*DATA.iterdir()]


def test_a_server_that_is_not_there_is_one_line(server: str, content: bytes) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        port = closed.server_port
    declare(content, mine=f"http://127.0.0.1:{port}/scene.npz")
    with pytest.raises(
        SceneError, match=f"127.0.0.1:{port}/scene.npz cannot be downloaded: .*efus"
    ):
        fetch_scenes(["mine"], data_dir=DATA)


def test_an_interrupted_download_leaves_nothing(
    server: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def interrupted(work: str) -> Iterator[Callable[[float], None]]:
        def show(share: float) -> None:
            assert 0 < share < 1 and len([*DATA.iterdir()]) == 1
            raise KeyboardInterrupt

        yield show

    monkeypatch.setattr("data.known_scenes.fetching.BLOCK", 100)
    monkeypatch.setattr("data.known_scenes.fetching.progress_bar", interrupted)
    facts = {"url": f"{server}/scene.npz", "sha256": hashlib.sha256(content).hexdigest()}
    with pytest.raises(KeyboardInterrupt):
        download(facts, DATA / "mine.npz")
    assert not [*DATA.iterdir()]


def test_a_file_that_is_another_is_not_replaced(
    server: str, content: bytes, cube: NDArray[Any]
) -> None:
    declare(content, mine=f"{server}/scene.npz")
    np.savez(DATA / "mine.npz", data=cube + 1)
    before = (DATA / "mine.npz").read_bytes()
    with pytest.raises(SceneError, match="'data/mine.npz' is there and not the scene .it is not"):
        fetch_scenes(["mine"], data_dir=DATA)
    assert (DATA / "mine.npz").read_bytes() == before
    assert list_scenes(["mine"], data_dir=DATA)[0]["status"] == "other"


def test_one_scene_that_fails_does_not_keep_others_from_it(
    server: str, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(content, mine=f"{server}/scene.npz", gone=f"{server}/gone")
    with pytest.raises(SystemExit) as exit_:
        main.main(["--command", "scenes", "--fetch", "--dataset", "gone", "pavia", "mine"])
    said = capsys.readouterr()
    assert exit_.value.code == 2 and (DATA / "mine.npz").exists()
    assert said.err == "main.py: error: 2 of 3 scenes failed: gone, abu-beach-4\n"
    assert (
        "gone: http" in said.out and "abu-beach-4: no direct link is known; open http" in said.out
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--fetch", "--fetch needs the names of scenes: --dataset NAME …"),
        ("--dataset abu-airport4", "did you mean abu-airport-4?"),
        ("--dataset x", "no scene 'x' in the catalogue: --command scenes lists it"),
    ],
)
def test_names_are_needed_and_known(
    workplace: Path, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    with pytest.raises(SystemExit):
        main.main(["--command", "scenes", *words.split()])
    assert message in capsys.readouterr().err


def test_rows_are_plain_values_of_json(workplace: Path) -> None:
    rows = list_scenes(["Gulfport"], data_dir=DATA)
    assert json.loads(json.dumps(rows)) == rows
    (row,) = rows
    assert (row["name"], row["shape"], row["status"]) == (
        *("abu-airport-4", [100, 100, 191], "missing"),
    )
    assert (row["path"], row["url"], row["licence"]) == (None, None, None)
