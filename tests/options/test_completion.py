"""Completion of the options in a shell."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from options.completion import completion
from options.flags import FLAGS
from options.parse import parse
from options.parser import build_parser
from utils.errors import InputError

TRY = """
source "$1"
complete -p nl2net
complete_words() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _shtab_nl2net
    echo "${COMPREPLY[*]}"
}
complete_words nl2net --command run --preset ""
complete_words nl2net --dataset synthetic --los
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_options_and_choices(tmp_path: Path) -> None:
    pytest.importorskip("shtab")
    script = tmp_path / "completion.sh"
    script.write_text(completion(build_parser(), shell="bash"), encoding="utf-8")
    done = subprocess.run(
        ["bash", "-c", TRY, "try", str(script)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0
    registered, presets, options = done.stdout.splitlines()
    assert registered.endswith(" nl2net") and presets == "paper fast best" and options == "--lossm"


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_every_flag_is_completed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shtab")
    with pytest.raises(SystemExit) as exit_:
        parse(["--print_completion", shell])
    assert exit_.value.code == 0
    script = capsys.readouterr().out
    assert all(name in script for name in FLAGS)  # tcsh writes the dashes elsewhere


def test_other_shells_and_a_missing_library_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="'fish' is not one of bash, zsh, tcsh"):
        parse(["--print_completion", "fish"])
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(InputError, match="^--print_completion needs shtab: pip install shtab$"):
        parse(["--print_completion", "bash"])
