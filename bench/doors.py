"""How fast the doors are, beside other servers, in one run: `python -m bench doors [ROUNDS] [MEASURE …]`.

MEASURE is the beginning of a name in MEASURES, or `idle`; without any, all are made, and the figures go into
bench/README.md. All servers write below TMPDIR: /dev/shm shows what the software costs, without the disk.

Every round asks every server in turn, so that what else the machine does falls on all of them; the median counts. The
clients are processes of their own (`bench.door_clients`), the same for all servers.
"""

from __future__ import annotations

import json
import os
import platform
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench import peers
from bench.peers import PASSWORD, Peer

ROUNDS: Final = 5
MEGABYTE: Final = 1_000_000
IDLE: Final = 500
IDLE_SECONDS: Final = 10.0
TITLES: Final = {"ftp": "FTP", "ftps": "FTPS (explicit)", "sftp": "SFTP"}


@dataclass(frozen=True)
class Measure:
    """What is measured; `count` is for each client, `per` how much one of them counts for in the figure."""

    name: str
    protocol: str
    kind: str
    count: int
    title: str
    clients: int = 1
    per: float = 1.0
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """One try: so many a second, the server's CPU seconds and the clients' for all of them."""

    rate: float
    cpu: float
    clients_cpu: float


def _measures() -> Iterator[Measure]:
    for protocol in TITLES:
        kind = "sftp" if protocol == "sftp" else "ftp"
        few = {"ftp": 120, "ftps": 60, "sftp": 15}[protocol]
        for clients in (1, 4):
            at_once = f", {clients} client{'s' if clients > 1 else ''}"
            name = f"{protocol}-sessions-{clients}"
            yield Measure(name, protocol, f"{kind}_sessions", few, f"sessions/s{at_once}", clients)
            name, more = f"{protocol}-drops-{clients}", {"size": 20_000}
            title = f"sessions with one 20 KB file/s{at_once}"
            yield Measure(name, protocol, f"{kind}_drops", few // 2, title, clients, more=more)
        for kilobytes, count in ((2, 150), (20, 150), (200, 60)):
            size = {"size": kilobytes * 1000}
            title = f"{kilobytes} KB files/s in a session"
            yield Measure(f"{protocol}-{kilobytes}k", protocol, f"{kind}_files", count, title, more=size)
        large: dict[str, Any] = {"size": 200 * MEGABYTE}
        yield Measure(f"{protocol}-large", protocol, f"{kind}_files", 1, "200 MB, MB/s", per=200, more=large)
    gcm = {"size": 200 * MEGABYTE, "cipher": "aes128-gcm@openssh.com"}
    yield Measure("sftp-large-gcm", "sftp", "sftp_files", 1, "200 MB by aes128-gcm, MB/s", per=200, more=gcm)


MEASURES: Final = tuple(_measures())


def measured(measure: Measure, peer: Peer, turn: str, source: Path) -> Figure:
    """One try with one server."""
    orders = [_order(measure, peer, f"{measure.name}-{turn}-{number}", source) for number in range(measure.clients)]
    clients = [_client(measure.kind, order) for order in orders]
    for client in clients:
        _said(client)
    spent = peer.cpu_seconds()
    for client in clients:
        assert client.stdin is not None
        client.stdin.write(b"\n")
        client.stdin.flush()
    found = [json.loads(_said(client)) for client in clients]
    cpu = peer.cpu_seconds() - spent
    for client in clients:
        client.communicate()
    if measure.per > 1:  # a filesystem is slow to give out what was deleted a moment ago: small files stay
        peer.clean()
    took = max(one["ended"] for one in found) - min(one["began"] for one in found)
    total = measure.count * measure.clients * measure.per
    return Figure(total / took, cpu, sum(one["cpu"] for one in found))


def _order(measure: Measure, peer: Peer, name: str, source: Path) -> dict[str, Any]:
    return {
        "port": peer.ports[measure.protocol],
        "user": peer.user,
        "password": PASSWORD,
        "key": peer.key,
        "folder": peer.folder,
        "tls": measure.protocol == "ftps",
        "count": measure.count,
        "name": name,
        "source": str(source),
        **measure.more,
    }


def _client(kind: str, order: dict[str, Any]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.door_clients", kind, json.dumps(order)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _said(client: subprocess.Popen[bytes]) -> bytes:
    assert client.stdout is not None
    line = client.stdout.readline()
    if not line:
        raise SystemExit(f"a client ended early, with {client.wait()}")
    return line


Found = dict[tuple[str, str], list[Figure]]


def rounds(running: Sequence[Peer], measures: Sequence[Measure], number: int, folder: Path) -> Found:
    """All figures, by measure and server; what is done before the first round is not timed."""
    found: Found = defaultdict(list)
    for turn in range(-1, number):
        for measure in measures:
            for peer in running:
                if measure.protocol not in peer.ports:
                    continue
                os.sync()  # what others left unwritten should not fall on the next
                figure = measured(measure, peer, f"r{turn}", folder / "source")
                if turn >= 0:
                    found[measure.name, peer.name].append(figure)
        print(f"round {turn + 1} of {number} at {time.strftime('%H:%M:%S')}", file=sys.stderr, flush=True)
    return found


def idle(peer: Peer, folder: Path) -> tuple[float, int, float]:
    """What 500 idle SFTP sessions cost: share of a core, threads, MiB."""
    before = peer.memory_mib()
    measure = Measure("idle", "sftp", "sftp_idle", IDLE, "", more={"seconds": IDLE_SECONDS})
    client = _client(measure.kind, _order(measure, peer, "idle", folder / "source"))
    _said(client)
    time.sleep(2.0)  # let what belongs to the logins end
    spent, threads, memory = peer.cpu_seconds(), peer.threads(), peer.memory_mib() - before
    assert client.stdin is not None
    client.stdin.write(b"\n")
    client.stdin.flush()
    _said(client)
    cpu = (peer.cpu_seconds() - spent) / IDLE_SECONDS
    client.communicate()
    return cpu, threads, memory


# The table.


def table(found: Found, running: Sequence[Peer], measures: Sequence[Measure]) -> Iterator[str]:
    """A row for each measure: every server's median with its CPU seconds, and ours as a multiple of the best other."""
    for protocol, title in TITLES.items():
        here = [peer for peer in running if protocol in peer.ports]
        rows = [one for one in measures if one.protocol == protocol]
        if not rows or not here:
            continue
        yield ""
        yield f"| {title} | {' | '.join(f'{peer.name} {peer.version}'.strip() for peer in here)} | ratios |"
        yield "| --- |" + " --- |" * (len(here) + 1)
        for measure in rows:
            medians = {peer.name: median(found[measure.name, peer.name]) for peer in here}
            cells = [_cell(measure, medians[peer.name]) for peer in here]
            yield f"| {measure.title} | {' | '.join(cells)} | {_ratios(medians)} |"


def median(figures: Sequence[Figure]) -> Figure:
    """Each of the three by itself."""
    columns = zip(*((one.rate, one.cpu, one.clients_cpu) for one in figures), strict=True)
    return Figure(*(statistics.median(column) for column in columns))


def _cell(measure: Measure, figure: Figure) -> str:
    if measure.per > 1:
        return f"{figure.rate:.0f} ({figure.cpu:.2f} s)"
    each = figure.cpu / measure.count / measure.clients * 1000
    return f"{figure.rate:.0f} ({each:.1f} ms)"


def _ratios(medians: dict[str, Figure]) -> str:
    own = medians.get("cws_filedrop")
    if own is None:
        return ""
    return ", ".join(f"{own.rate / one.rate:.2f} x {name}" for name, one in medians.items() if one is not own)


def machine() -> str:
    """What the figures depend on."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pyftpdlib", "paramiko", "cryptography"))
    return f"{os.cpu_count()} shared cores, Python {platform.python_version()}, {libraries}, {ssl.OPENSSL_VERSION}"


def main(arguments: list[str]) -> list[str]:
    """The lines that belong into the README."""
    number = int(arguments[0]) if arguments and arguments[0].isdigit() else ROUNDS
    wanted = arguments[1:] if arguments and arguments[0].isdigit() else arguments
    measures = [one for one in MEASURES if not wanted or any(one.name.startswith(name) for name in wanted)]
    with tempfile.TemporaryDirectory(prefix="bench-doors-") as name:
        folder = Path(name)
        with peers.running(folder, list(peers.SERVERS)) as running:
            found = rounds(running, measures, number, folder) if measures else {}
            lines = [f"On {machine()}, medians of {number} rounds:", *table(found, running, measures)]
            if not wanted or "idle" in wanted:
                lines += ["", *_idle_table([peer for peer in running if "sftp" in peer.ports], folder)]
    return lines


def _idle_table(running: Sequence[Peer], folder: Path) -> Iterator[str]:
    yield f"| {IDLE} idle SFTP sessions | of a core | threads | MiB more |"
    yield "| --- | --- | --- | --- |"
    for peer in running:
        cpu, threads, memory = idle(peer, folder)
        yield f"| {peer.name} | {cpu:.1%} | {threads:,} | {memory:.0f} |"
