"""A record in a PDF: XMP metadata of its catalogue, added as an incremental update.

The update stands behind the drawing (ISO 32000-1, 7.5.6 and 14.3.2), so that the drawing's own
bytes stay as they were written and anything that follows is seen to be foreign.
"""

from __future__ import annotations

import hashlib
import re
from xml.sax.saxutils import escape, unescape

from rainmer_analysis.errors import FileFormatError

__all__ = ["content_sha256", "insert_record", "split_record"]

_MARK = b"\n%rainmer_analysis\n"
_TRAILER = re.compile(
    rb"trailer\s*<<(?P<entries>.*?)>>\s*startxref\s+(?P<start>\d+)\s+%%EOF\s*$", re.DOTALL
)
_SIZE = re.compile(rb"/Size\s+(\d+)")
_CATALOGUE = re.compile(rb"/Root\s+(\d+)\s+0\s+R")
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    '<rdf:Description rdf:about="" xmlns:rainmer_analysis="urn:rainmer_analysis:record">\n'
    "<rainmer_analysis:record>{}</rainmer_analysis:record>\n"
    '</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
)
_RECORD = re.compile(rb"<rainmer_analysis:record>(.*?)</rainmer_analysis:record>", re.DOTALL)


def insert_record(picture: bytes, text: str) -> bytes:
    """Return the PDF with a record behind it.

    Raises FileFormatError: the PDF's end is not as matplotlib writes it.
    """
    trailer = _TRAILER.search(picture, max(0, len(picture) - 2048))
    size = _SIZE.search(trailer["entries"]) if trailer else None
    root = _CATALOGUE.search(trailer["entries"]) if trailer else None
    catalogue = root and re.search(
        rb"\n%d 0 obj\s*<<(.*?)>>\s*endobj" % int(root[1]), picture, re.DOTALL
    )
    if not (trailer and size and root and catalogue):
        raise FileFormatError("a PDF has no catalogue and trailer of the usual form")
    number, packet = int(size[1]), _PACKET.format(escape(text)).encode()
    objects = {
        int(root[1]): b"<<%s /Metadata %d 0 R >>" % (catalogue[1].rstrip(), number),
        number: b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream"
        % (len(packet), packet),
    }
    entries = trailer["entries"].replace(size[0], b"/Size %d" % (number + 1))
    update, table = bytearray(_MARK), bytearray(b"xref\n0 1\n0000000000 65535 f \n")
    for name, body in objects.items():
        table += b"%d 1\n%010d 00000 n \n" % (name, len(picture) + len(update))
        update += b"%d 0 obj\n%s\nendobj\n" % (name, body)
    start = len(picture) + len(update)
    end = b"trailer\n<<%s /Prev %s >>\nstartxref\n%d\n%%%%EOF\n"
    return picture + bytes(update + table + end % (entries.rstrip(), trailer["start"], start))


def split_record(data: bytes) -> tuple[bytes | None, bytes]:
    """Return the record's text, None where there is none, and the PDF without it.

    What stands around the record and behind it belongs to the drawing unless it is what
    `insert_record` writes, so that nothing can be drawn over a picture unseen.
    """
    place = data.rfind(_MARK)
    found = _RECORD.search(data, place) if place >= 0 else None
    if found is None:
        return None, data
    text = unescape(found[1].decode("utf-8", "replace"))
    picture = data[:place]
    try:
        alone = insert_record(picture, text) == data
    except FileFormatError:
        alone = False
    return text.encode("utf-8"), picture if alone else data


def content_sha256(picture: bytes) -> str:
    """Return the SHA-256 of the bytes of all objects of the drawing."""
    return hashlib.sha256(picture).hexdigest()
