"""Workflows that failed are found, so that an operator can be told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys, threading
from pathlib import Path
from dbos import DBOS
from cws_filedrop import engine

@DBOS.workflow()
def good() -> None: ...

@DBOS.workflow()
def bad() -> None: raise ValueError("our own fault")

folder = Path(sys.argv[1])
made = engine.Engine(f"sqlite:///{folder / 'engine.db'}", turn=threading.Lock())
made.start()
for name, workflow in (("fine", good), ("broken", bad)):
    engine.start(workflow, id=name)
    try:
        DBOS.retrieve_workflow(name).get_result()
    except Exception as error:
        assert str(error) == "our own fault"
print(engine.failed())
made.stop(patience_seconds=5)
"""


def test_the_failed_ones_are_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout == "['broken']\n", done.stderr
