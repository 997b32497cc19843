"""`cws-filedrop seller client-config`: a file that FileZilla imports, so that a seller has nothing to set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from xml.etree import ElementTree

import typer

from cws_filedrop.cli.shared import database, settings, stop
from cws_filedrop.config import Settings

# FileZilla's numbers (its sitemanager.xml): how to log in, and by which protocol.
ASK_FOR_IT: Final = "2"
PLAIN_FTP, SFTP, IMPLICIT_TLS, EXPLICIT_TLS = "6", "1", "3", "4"


def client_config(
    name: Annotated[str, typer.Argument(help="user name")],
    host: Annotated[str, typer.Option(help="what sellers call this machine [default: as set]")] = "",
    out: Annotated[Path | None, typer.Option(help="file to write [default: standard output]")] = None,
) -> None:
    """Write a site file for FileZilla (File > Import), without the password: FileZilla asks for it."""
    from cws_filedrop.store import sellers

    chosen = settings()
    if sellers.find(database(chosen), name) is None:
        raise stop(f"there is no seller named {name.lower()}")
    text = site_file(chosen, name.lower(), host)
    if out is None:
        typer.echo(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise stop(f"{out}: {error.strerror}", 2) from None
    typer.echo(f"wrote {out}")


def site_file(chosen: Settings, seller: str, host: str = "") -> str:
    """The XML that FileZilla imports: a site for every way in that is open."""
    host = host or chosen.ftp.masquerade_address or chosen.ftp.host
    root = ElementTree.Element("FileZilla3")
    servers = ElementTree.SubElement(root, "Servers")
    for label, protocol, port in _ways_in(chosen):
        server = ElementTree.SubElement(servers, "Server")
        values = {
            "Host": host,
            "Port": str(port),
            "Protocol": protocol,
            "Type": "0",
            "User": seller,
            "Logontype": ASK_FOR_IT,
            "EncodingType": "UTF-8",
            "BypassProxy": "0",
            "Name": f"{host}, {label}",
            "RemoteDir": "1 0 5 inbox",
        }
        for tag, value in values.items():
            ElementTree.SubElement(server, tag).text = value
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _ways_in(chosen: Settings) -> list[tuple[str, str, int]]:
    ways = []
    if chosen.sftp.enabled:
        ways.append(("SFTP", SFTP, chosen.sftp.port))
    if chosen.ftp.enabled and chosen.tls.mode == "off":
        ways.append(("FTP", PLAIN_FTP, chosen.ftp.port))
    if chosen.ftp.enabled and chosen.tls.mode != "off":
        ways.append(("FTP over TLS", EXPLICIT_TLS, chosen.ftp.port))
        if chosen.tls.implicit_port > 0:
            ways.append(("FTP over implicit TLS", IMPLICIT_TLS, chosen.tls.implicit_port))
    return ways
