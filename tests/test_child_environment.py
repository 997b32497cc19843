"""What a process of ours is given: nothing from the working folder, no secrets that are others', a place of its own for
temporary files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cws_filedrop.processes import environment
from cws_filedrop.settings import WebSettings

POISON = "from pathlib import Path; Path(__file__).with_name('was-run').touch(); raise SystemExit('poisoned')"
NAMES = ("cws_filedrop/__init__.py", "json.py", "pandas.py", "logging.py", "secrets.py", "sqlalchemy/__init__.py")
PROGRAM = """
import json, sys
from dataclasses import replace
from pathlib import Path
from cws_filedrop.processes import environment
from cws_filedrop.processes.child import ChildProcess
from cws_filedrop.processes.reading_process import ReadingProcess, Work
from cws_filedrop.settings import Settings

settings = Settings()
settings = replace(settings, service=replace(settings.service, data_dir=Path(sys.argv[1])))
environment.keep_temporary_files(settings)
reader = ReadingProcess(settings, "small")
sandbox = ["cws_filedrop.marketplaces.sandbox.__main__", "--port", "0", "--watch-stdin"]
sandbox += ["--data", sys.argv[1] + "/s.db"]
child = ChildProcess("the sandbox", sandbox, environment.of_child(settings))
child.start()
found = {"ping": reader.ask(Work.PING, 1), "endpoint": child.first_message()["endpoint"]}
for name, process in (("reader", reader._process), ("child", child._process)):
    found[name] = Path(f"/proc/{process.pid}/environ").read_bytes().decode().split(chr(0))
child.terminate()
child.wait(patience_seconds=60)
child.close()
reader.close()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the children of a process said that works in a folder full of traps, and has a secret in its environment."""
    folder = tmp_path_factory.mktemp("traps")
    for name in NAMES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(POISON)
    data = tmp_path_factory.mktemp("data")
    given = {**os.environ, "SMTP_PASSWORD": "s3cret", "LC_TIME": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(data)],
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(folder.rglob("was-run")) == []
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told | {"data": str(data)}


def test_nothing_is_imported_from_the_working_folder(found: dict[str, object]) -> None:
    assert found["ping"] == 1
    assert str(found["endpoint"]).startswith("http://127.0.0.1:")


@pytest.mark.parametrize("name", ["reader", "child"])
def test_a_child_is_given_what_it_needs_and_nothing_else(found: dict[str, object], name: str) -> None:
    theirs = found[name]
    assert isinstance(theirs, list)
    assert not any("s3cret" in one for one in theirs)
    assert "LC_TIME=C.UTF-8" in theirs
    assert f"TMPDIR={found['data']}/tmp" in theirs


def test_only_the_process_that_a_secret_is_for_is_given_it() -> None:
    settings = WebSettings(monitoring_token="env:PATH")
    assert environment.named(settings.monitoring_token) == {"PATH": os.environ["PATH"]}
    assert environment.named("env:NOWHERE") == environment.named("file:/x") == environment.named("") == {}


def test_temporary_files_that_were_left_are_removed(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "left").write_bytes(b"x")
    program = (
        "import sys, tempfile; from dataclasses import replace; from pathlib import Path\n"
        "from cws_filedrop.processes import environment; from cws_filedrop.settings import Settings\n"
        "s = Settings(); s = replace(s, service=replace(s.service, data_dir=Path(sys.argv[1])))\n"
        "environment.keep_temporary_files(s); print(tempfile.gettempdir())"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(tmp_path / "tmp")
    assert list((tmp_path / "tmp").iterdir()) == []
