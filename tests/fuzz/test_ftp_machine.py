"""FTP commands in any order, valid or not, with data connections made and broken at any time: a machine that looks for
an order in which an answer is missing, is too many, or is none of FTP's.

The model is small: how many final answers are owed. A transfer owes its own until the data connection is over; every
other command owes it at once. A session ends by QUIT, by 421, or by too many wrong passwords, and by nothing else.
No rule depends on what was heard, so that what is found can be found again and made short.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz.ftp_dialogue import Dialogue
from fuzz.fuzzed import Fuzzed
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

PASSWORD = b"correct-horse-9"
PATHS = st.sampled_from(
    [
        b"/inbox/a.txt",
        b"/inbox/a.part",
        b"/inbox",
        b"/",
        b"a.txt",
        b"/outbox/a.txt",
        b"/STATUS.txt",
        b"../x",
        b"\xff\xfe",
    ]
)
WORDS = st.one_of(PATHS, st.binary(max_size=30).map(lambda word: word.replace(b"\r\n", b"")))
SIMPLE = st.sampled_from(
    b"NOOP PWD SYST FEAT HELP STAT TYPE MODE STRU CDUP CWD XCWD SIZE MDTM MLST DELE RNFR RNTO MKD RMD OPTS SITE ALLO"
    b" REST PBSZ PROT CCC ACCT SMNT CLNT AUTH XYZZY USER PASS REIN".split()
)
UPLOADS = (b"STOR", b"APPE", b"STOU")
TRANSFERS = st.sampled_from([*UPLOADS, b"RETR", b"LIST", b"NLST", b"MLSD"])


class FtpMachine(RuleBasedStateMachine):
    """One session."""

    fuzzed: Fuzzed

    @initialize(logged_in=st.booleans())
    def begin(self, logged_in: bool) -> None:
        self.dialogue = Dialogue(self.fuzzed.ftp)
        self.data: socket.socket | None = None
        self.listener: socket.socket | None = None
        self.passive = 0
        self.owed = 0  # by a transfer that has begun
        self.over = False
        self.failures = 0
        assert self.dialogue.hear().startswith(b"220 ")
        if logged_in:
            self.ask(b"USER acme")
            self.ask(b"PASS " + PASSWORD)

    def ask(self, *lines: bytes) -> list[bytes]:
        """Say something in one packet; the final answers, of which there are as many as are owed."""
        if self.over:
            return []
        self.dialogue.socket.sendall(b"".join(line + b"\r\n" for line in lines))
        try:
            answers = self.dialogue.until_mark()
        except (EOFError, ConnectionError):
            self.over = True
            assert self.dialogue.last[:3] == b"421" or self.dialogue.last.endswith(b"Disconnecting."), (
                self.dialogue.last
            )
            return []
        return self.counted(len(lines), answers)

    def counted(self, asked: int, answers: list[bytes]) -> list[bytes]:
        begun = sum(answer[:1] == b"1" for answer in answers)
        finals = [answer for answer in answers if answer[:1] != b"1"]
        self.owed += asked - len(finals)
        assert 0 <= self.owed <= 1, (asked, self.owed, answers)
        assert self.owed == 0 or begun <= asked
        return finals

    @rule(verb=SIMPLE, word=st.none() | WORDS)
    def say(self, verb: bytes, word: bytes | None) -> None:
        self.ask(verb if word is None else verb + b" " + word)

    @rule(lines=st.lists(st.tuples(SIMPLE, WORDS), min_size=2, max_size=8))
    def say_much_at_once(self, lines: list[tuple[bytes, bytes]]) -> None:
        self.ask(*(verb + b" " + word for verb, word in lines))

    @rule()
    def log_in(self) -> None:
        self.ask(b"USER acme", b"PASS " + PASSWORD)

    @rule(size=st.integers(2000, 70_000), tail=WORDS)
    def say_too_much(self, size: int, tail: bytes) -> None:
        self.ask(b"x" * size + tail)

    @rule(junk=st.binary(min_size=1, max_size=300))
    def say_nonsense(self, junk: bytes) -> None:
        self.ask(*junk.split(b"\r\n"))

    @rule(extended=st.booleans())
    def wait_for_me(self, extended: bool) -> None:
        self.drop_data()
        (answer, *_) = [*self.ask(b"EPSV" if extended else b"PASV"), b""][-1:]
        if found := re.search(rb"\(\|\|\|(\d+)\|\)", answer):
            self.passive = int(found[1])
        elif found := re.search(rb"(\d+),(\d+)\)", answer):
            self.passive = int(found[1]) * 256 + int(found[2])

    @rule(there=st.booleans())
    def come_to_me(self, there: bool) -> None:
        self.drop_data()
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        if not there:
            self.listener.close()
            self.listener = None
        if any(answer.startswith(b"200 ") for answer in self.ask(b"PORT 127,0,0,1,%d,%d" % divmod(port, 256))):
            assert self.listener is not None
            self.data, _ = self.listener.accept()

    @rule(
        where=st.sampled_from([b"PORT 127,0,0,2,200,10", b"EPRT |1|127.0.0.2|51210|", b"PORT 1,2,3", b"EPRT |9|::|0|"])
    )
    def come_elsewhere(self, where: bytes) -> None:
        self.ask(where)

    @rule(stranger=st.booleans())
    def come(self, stranger: bool) -> None:
        if not self.passive:
            return
        with contextlib.suppress(OSError):
            source = ("127.0.0.2" if stranger else "127.0.0.1", 0)
            found = socket.create_connection(("127.0.0.1", self.passive), timeout=60, source_address=source)
            if stranger:
                found.close()
            else:
                self.drop_data()
                self.data, self.passive = found, 0
        self.ask()

    @rule(verb=TRANSFERS, path=PATHS, offset=st.sampled_from([None, 0, 3, 10**30]))
    def transfer(self, verb: bytes, path: bytes, offset: int | None) -> None:
        if offset is not None:
            self.ask(b"REST %d" % offset)
        self.ask(verb + b" " + path)

    @rule(content=st.binary(max_size=200), times=st.sampled_from([1, 2000]))
    def send_data(self, content: bytes, times: int) -> None:
        if self.data is None:
            return
        self.data.settimeout(0.2)
        with contextlib.suppress(OSError):
            self.data.sendall(content * times)
        self.ask()

    @rule(how=st.sampled_from(["end", "reset", "half"]))
    def end_data(self, how: str) -> None:
        if self.data is None:
            return
        if how == "reset":
            self.data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how == "half":
            with contextlib.suppress(OSError):
                self.data.shutdown(socket.SHUT_WR)
        else:
            self.drop_data()
        self.ask()

    @rule()
    def abort(self) -> None:
        self.ask(b"ABOR")
        assert self.over or self.owed == 0, "after ABOR nothing is under way"

    @rule()
    def abort_by_telnet(self) -> None:
        if not self.over:
            self.dialogue.socket.sendall(b"\xff\xf4")
            self.dialogue.socket.send(b"\xff", socket.MSG_OOB)
            self.ask(b"\xf2ABOR")
            assert self.over or self.owed == 0

    def drop_data(self) -> None:
        for one in (self.data, self.listener):
            if one is not None:
                one.close()
        self.data = self.listener = None

    @invariant()
    def is_alive(self) -> None:
        assert self.fuzzed.process.poll() is None

    def teardown(self) -> None:
        if not hasattr(self, "dialogue"):
            return
        self.drop_data()
        if not self.over:
            with contextlib.suppress(EOFError, ConnectionError):
                self.dialogue.say(b"QUIT")
                answers = self.dialogue.rest()
                finals = [answer[:3] for answer in answers if answer[:1] != b"1"]
                assert b"221" in finals, answers
                assert len(finals) == 1 + self.owed, (answers, self.owed)
        self.dialogue.close()


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    folder: Path = tmp_path_factory.mktemp("machine")
    fuzzed = Fuzzed(folder)
    yield fuzzed
    assert fuzzed.stop() == 0


def run(fuzzed: Fuzzed, *, examples: int, steps: int) -> None:
    class Machine(FtpMachine):
        pass

    Machine.fuzzed = fuzzed
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(Machine, settings=how)
    fuzzed.serves_ftp()
    assert fuzzed.troubles() == []


def test_any_order_of_commands(fuzzed: Fuzzed) -> None:
    run(fuzzed, examples=40, steps=25)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_orders_of_commands(fuzzed: Fuzzed) -> None:
    run(fuzzed, examples=1500, steps=50)
