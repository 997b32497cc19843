"""What a running service keeps on disk is for nobody else's eyes, and a group may do what it was let in for."""

from __future__ import annotations

import contextlib
import grp
import io
import json
import os
import stat
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from nobody import NOBODY, as_nobody
from running import Running, amazon_file, order_ids, wait_for

OPEN_HANDED = ("sh", "-c", 'umask 022; exec "$@"', "sh")  # as most systems start what they start
TRY_ALL = """
become_nobody(*map(int, sys.argv[2:]))
seen = []
for place, folders, files in os.walk(sys.argv[1]):
    seen += [os.path.join(place, name) for name in folders]
    for name in files:
        try:
            open(os.path.join(place, name), "rb").close()
        except OSError:  # it may be gone, too
            continue
        seen.append(os.path.join(place, name))
print("\\n".join(seen))
"""
TRY_THESE = """
become_nobody(*map(int, sys.argv[1].split()))
for path in sys.argv[2:]:
    try:
        os.close(os.open(path, os.O_RDONLY))
        print(path)
    except OSError:
        pass
"""
DROP = """
become_nobody(*map(int, sys.argv[1].split()))
target = pathlib.Path(sys.argv[2])
target.with_name(target.name + ".part").write_bytes(pathlib.Path(sys.argv[3]).read_bytes())
target.with_name(target.name + ".part").rename(target)
"""


def below(folder: Path) -> Iterator[Path]:
    yield folder
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.lstat().st_mode):04o}"


def modes(folder: Path) -> dict[str, str]:
    """Everything that is open to others, and how."""
    found = {}
    for path in below(folder):
        with contextlib.suppress(FileNotFoundError):  # the service is at work
            if mode(path)[-2:] != "00":
                found[str(path.relative_to(folder))] = mode(path)
    return found


def seen_by_nobody(data: Path, *groups: int) -> list[str]:
    """Paths below the data folder that another user gets to see or to open, by looking or by knowing the name."""
    known = [str(path) for path in below(data)]
    joined = " ".join(map(str, groups))
    said = as_nobody(TRY_ALL, str(data), *map(str, groups)) + as_nobody(TRY_THESE, joined, *known)
    return sorted({str(Path(line).relative_to(data)) for line in said.splitlines() if line})


def service_on(folder: Path, **settings: object) -> Running:
    running = Running(folder, before=OPEN_HANDED, WEB__ENABLED=True, **settings)
    running.add_seller("anna")
    running.add_user("olga", "a-long-password-7")
    return running


def at_work(running: Running) -> None:
    """Files of all kinds come to be: small and large uploads, one that is refused, one cut, order reports, answers."""
    running.drop("anna", "refused.txt", b"PK\x03\x04" + bytes(500))
    uploads = [running.drop("anna", "small.txt", amazon_file(order_ids(3)))]
    uploads.append(running.drop("anna", "large.txt", amazon_file(order_ids(300, start=10))))
    with running.ftp("anna") as session:
        session.storbinary("STOR /inbox/growing.txt.part", io.BytesIO(b"half"))
    (running.home("anna") / "inbox" / "by-folder.txt").write_bytes(amazon_file(order_ids(3, start=400)))
    reports = running.data / "order-files" / "anna"
    wait_for(reports.is_dir, what="the folder for order reports")
    (reports / "report.txt").write_text("nothing that can be used")
    for upload in uploads:
        running.result("anna", upload)
    uploads.append(by_http(running))
    running.result("anna", uploads[-1])
    wait_for(lambda: any(".import." in str(path) for path in below(reports)), what="the report's answer")
    wait_for(lambda: any("by-folder" in name for name in running.outbox("anna")), what="the folder's answer")


def by_http(running: Running) -> str:
    """An upload through the process of the pages."""
    token = json.loads(running.command("seller", "token", "add", "anna", "--json").stdout)["token"]
    headers = {"authorization": f"Bearer {token}", "x-file-name": "by-http.txt"}
    url = f"{running.pages}/api/v1/orders/confirm"
    request = urllib.request.Request(url, amazon_file(order_ids(2, start=500)), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["id"])


def own_files(running: Running) -> set[str]:
    """What these tests put there themselves, and where the service moved it: that keeps the bits it came with."""
    found = (running.data / "order-files").rglob("report.*")
    return {str(path.relative_to(running.data)) for path in found if ".import." not in path.name}


def test_nobody_else_can_look_at_anything(shared: Path) -> None:
    (shared / "control.txt").write_text("for everybody")
    (shared / "control.txt").chmod(0o644)
    running = service_on(shared, SERVICE__HEAVY_BYTES=5_000)
    assert modes(running.data) == {}, "the commands obey, too"
    with running.started():
        at_work(running)
        kinds = {path.relative_to(running.data).parts[0] for path in below(running.data) if path != running.data}
        assert kinds >= {"cws_filedrop.db", "sandbox.db", "spool", "logs", "keys", "documents", "homes", "order-files"}
        assert set(modes(running.data)) - own_files(running) == set()
        assert seen_by_nobody(running.data) == []
        assert "control.txt" in seen_by_nobody(shared), "he can see what everybody can"
    assert "data.made_private" not in (shared / "service.log").read_text()
    assert set(modes(running.data)) - own_files(running) == set()


def test_what_an_earlier_version_left_open_is_closed_and_told(shared: Path) -> None:
    running = service_on(shared)
    with running.started():
        running.result("anna", running.drop("anna", "a.txt", amazon_file(order_ids(3))))
    for path in below(running.data):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert seen_by_nobody(running.data)
    with running.started():
        assert seen_by_nobody(running.data) == []
        assert {name for name in modes(running.data) if not name.startswith(("homes", "order-files"))} == set()
        told = running.command("logs", "--json", "--level", "warning").stdout.splitlines()
        assert "data.made_private" in {json.loads(line)["event"] for line in told}
    log = (shared / "service.log").read_text()
    for name in ("", "/cws_filedrop.db", "/sandbox.db", "/spool", "/keys", "/documents", "/logs"):
        assert f"path={running.data}{name} " in log or f"path={running.data}{name}\n" in log


@pytest.fixture
def group(shared: Path) -> int:
    """A group of this system that is nobody's own."""
    assert shared
    return next(one.gr_gid for one in grp.getgrall() if one.gr_gid not in (0, NOBODY, 65535))


def test_programs_of_the_group_drop_files_and_collect_answers(shared: Path, group: int) -> None:
    (shared / "shipped.txt").write_bytes(amazon_file(order_ids(3)))
    (shared / "shipped.txt").chmod(0o644)
    running = service_on(shared, SERVICE__GROUP=grp.getgrgid(group).gr_name, FOLDER__SETTLE_UNSURE_SECONDS=1)
    with running.started():
        home = running.home("anna")
        wait_for((home / "inbox").is_dir, what="her home")
        as_nobody(DROP, str(group), str(home / "inbox" / "by-program.txt"), str(shared / "shipped.txt"))
        result = wait_for(lambda: next((home / "outbox").glob("by-program.*.result.txt"), None), what="its result")
        assert result is not None
        at_work(running)
        seen = seen_by_nobody(running.data, group)
        assert str(result.relative_to(running.data)) in seen
        assert {Path(name).parts[0] for name in seen} == {"homes", "order-files"}
        assert not [name for name in seen if ".landing" in name and name.count("/") > 2]
        assert seen_by_nobody(running.data) == [], "others are kept out"
        made = [name for name in seen if ".landing" not in name and name not in own_files(running)]
        found = {name: (path.stat().st_gid, mode(path)) for name in made if (path := running.data / name).exists()}
        wrong = {name: how for name, how in found.items() if how not in ((group, "2770"), (group, "0660"))}
        assert wrong == {}
        assert mode(running.data) == "0710"


def test_an_unknown_group_stops_the_start(tmp_path: Path) -> None:
    running = Running(tmp_path)
    (tmp_path / "drop.toml").write_text('[service]\ngroup = "nobody-knows-it"\n')
    done = running.command("--config", str(tmp_path / "drop.toml"), "serve")
    assert done.returncode == 2
    assert f"{tmp_path}/drop.toml: [service] group: there is no group 'nobody-knows-it'" in done.stderr
