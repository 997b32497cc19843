"""A site file for FileZilla (File > Import), so that a seller has nothing to set but the password."""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree

from cws_filedrop.settings import Settings

# FileZilla's numbers (its sitemanager.xml): how to log in, and by which protocol.
ASK_FOR_IT: Final = "2"
PLAIN_FTP, SFTP, IMPLICIT_TLS, EXPLICIT_TLS = "6", "1", "3", "4"


def site_file(chosen: Settings, seller: str, host: str = "") -> str:
    """The XML that FileZilla imports: a site for every way in that is open."""
    host = host or chosen.ftp.masquerade_address or chosen.ftp.host
    root = ElementTree.Element("FileZilla3")
    servers = ElementTree.SubElement(root, "Servers")
    for label, protocol, port in ways_in(chosen):
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


def ways_in(chosen: Settings) -> list[tuple[str, str, int]]:
    """Each way in that is open: its name, FileZilla's number of it, its port."""
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
