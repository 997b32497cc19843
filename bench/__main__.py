"""`python -m bench [ROWS ...]`: convert files of so many rows, the naive way beside it, and print a table of figures.

Without ROWS all sizes are measured, which takes some minutes, and the table goes into bench/README.md.
`python -m bench doors` measures the doors beside other servers (`bench.doors`), `python -m bench takeover` how soon a
dead worker's work is taken over (`bench.takeover`).
`python -m bench pollock FOLDER` reads the polluted files of the Pollock benchmark (`bench.pollock`).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from bench.convert import SIZES, figures, machine, yardstick

README = Path(__file__).with_name("README.md")
MARKED = {
    name: re.compile(rf"(?<=<!-- {name} -->\n).*(?=<!-- /{name} -->)", re.DOTALL)
    for name in ("figures", "doors", "pollock")
}


def main(sizes: list[int]) -> None:
    """Measure, print, and keep the table when all of it was measured."""
    lines = [f"On {machine()}:", ""]
    print("\n".join(lines))
    for line in figures(tuple(sizes) or SIZES):
        print(line, flush=True)
        lines.append(line)
    lines += ["", yardstick()]
    print("\n".join(lines[-2:]))
    if not sizes:
        keep("figures", lines)


def keep(name: str, lines: list[str]) -> None:
    """Put lines between the marks of that name in the README."""
    table = "\n".join([*lines, ""])
    README.write_text(MARKED[name].sub(lambda _: table, README.read_text(encoding="utf-8")), encoding="utf-8")


def main_doors(arguments: list[str]) -> None:
    """Measure the doors, print, and keep the tables when all of it was measured."""
    from bench import doors

    lines = doors.main(arguments)
    print("\n".join(lines))
    if all(one.isdigit() for one in arguments):
        keep("doors", lines)


def main_pollock(folder: str) -> None:
    """Read the polluted files in a folder, print, and keep the table."""
    from bench import pollock

    lines = pollock.main(Path(folder))
    print("\n".join(lines))
    keep("pollock", lines)


def main_takeover(arguments: list[str]) -> None:
    """Measure takeovers, and print."""
    from bench import takeover

    print("\n".join(takeover.main(arguments)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["pollock"]:
        sys.exit(main_pollock(sys.argv[2]))
    if sys.argv[1:2] == ["takeover"]:
        sys.exit(main_takeover(sys.argv[2:]))
    if sys.argv[1:2] == ["doors"]:
        sys.exit(main_doors(sys.argv[2:]))
    main([int(text) for text in sys.argv[1:]])
