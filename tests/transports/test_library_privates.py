"""What the doors rely on inside pyftpdlib and paramiko, by name: read the overrides again when this changes.

Both are overridden in places that they do not document. A release that renames one of these would leave an override
that nobody calls; setup.cfg allows only the releases in which they were read.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyftpdlib.ioloop as ioloop  # first of all of pyftpdlib: it alone quiets asyncore's deprecation on Python 3.11
import pytest
from paramiko import (
    AuthHandler,
    Channel,
    Packetizer,
    ServerInterface,
    SFTPAttributes,
    SFTPHandle,
    SFTPServer,
    Transport,
)
from paramiko.buffered_pipe import BufferedPipe
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.servers import FTPServer

from cws_filedrop.transports.sftp.session import SftpSession
from cws_filedrop.transports.sftp.tuning import SshTransport

OURS = Path(__file__).parents[2] / "cws_filedrop" / "transports"
PASSIVE, ACTIVE = FTPHandler.passive_dtp, FTPHandler.active_dtp
OF_PYFTPDLIB = (FTPHandler, DTPHandler, PASSIVE, ACTIVE, FTPServer, ioloop.Acceptor, ioloop.AsyncChat, AbstractedFS)
OF_PARAMIKO = (AuthHandler, BufferedPipe, Channel, Packetizer, SFTPAttributes, SFTPServer, ServerInterface, Transport)
RELIED_ON = {
    "ftp": {
        "_accept_new_cons",
        "_closed",
        "_current_type",
        "_dtp_acceptor",
        "_dtp_connector",
        "_extra_feats",
        "_fileno",
        "_in_buffer",
        "_in_buffer_len",
        "_in_dtp_queue",
        "_initialized",
        "_last_response",
        "_make_epasv",
        "_on_dtp_close",
        "_out_dtp_queue",
        "_quit_pending",
        "_resp",
        "_restart_position",
        "_rnfr",
        "_shutdown_connecting_dtp",
        "_wanted_io_events",
    },
    "sftp": {
        "_CLIENT_ID",
        "_active_check_timeout",
        "_buffer",
        "_buffer_frombytes",
        "_buffer_tobytes",
        "_channel_handler_table",
        "_check_banner",
        "_handler_table",
        "_kex_info",
        "_pack",
        "_parse_newkeys",
        "_preferred_ciphers",
        "_preferred_kex",
        "_preferred_keys",
        "_preferred_macs",
        "_preferred_pubkeys",
        "_read_timeout",
    },
}
LIBRARIES: dict[str, tuple[Any, ...]] = {"ftp": OF_PYFTPDLIB, "sftp": (*OF_PARAMIKO, SFTPHandle)}
# The same names by chance: of other objects, or of SFTPServer, whose own dispatch is the only one that calls them.
BY_CHANCE = {"ftp": set[str](), "sftp": {"_channels", "_open_folder", "_process", "_read_folder", "_send"}}


def privates(sources: Iterable[str]) -> set[str]:
    """The names with an underscore that are defined in it, or used of some object."""
    nodes = [node for source in sources for node in ast.walk(ast.parse(textwrap.dedent(source)))]
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    names |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return {name for name in names if re.fullmatch(r"_[A-Za-z]\w*", name)}


@pytest.mark.parametrize("door", RELIED_ON)
def test_what_is_relied_on_is_there_and_is_written_down(door: str) -> None:
    ours = [path.read_text(encoding="utf-8") for path in OURS.glob(f"{door}/*.py")]
    theirs = [inspect.getsource(kind) for kind in LIBRARIES[door]]
    assert privates(ours) & privates(theirs) - BY_CHANCE[door] == RELIED_ON[door]


def test_the_buffer_of_the_first_line_keeps_its_name() -> None:
    """Its name is mangled, so that it is named by a text in `tuning`."""
    assert "_Packetizer__remainder" in vars(Packetizer(None))


# What threading.Thread sets in its __init__, in Python 3.13.0 (`_handle`), 3.13.4 (`_os_thread_handle`), 3.14
# (`_context`) and all others that are supported.
OF_THREADS = {"_target", "_name", "_args", "_kwargs", "_daemonic", "_ident", "_native_id", "_started", "_initialized"}
OF_THREADS |= {
    "_stderr",
    "_invoke_excepthook",
    "_handle",
    "_os_thread_handle",
    "_context",
    "_is_stopped",
    "_tstate_lock",
}


@pytest.mark.parametrize("kind", [SftpSession, SshTransport])
def test_no_name_of_ours_is_hidden_by_one_of_its_thread(kind: type) -> None:
    """An attribute of an object hides a method of its class: every SFTP request failed on Python 3.13.0."""
    assert privates([inspect.getsource(kind)]) & OF_THREADS == set()
