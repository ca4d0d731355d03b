"""Small pictures of each format, of any size that their heads can say; only the PNG is a whole one."""

import struct
import zlib


def png(width: int = 2, height: int = 2) -> bytes:
    """A real one, in a calm teal, unless it claims more than 64 pixels a side."""
    rows = b"".join(b"\x00" + b"\x0d\x63\x60" * min(width, 64) for _ in range(min(height, 64)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def gif(width: int = 2, height: int = 2) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00;"


def jpeg(width: int = 2, height: int = 2) -> bytes:
    """With a segment before the frame and tables whose kind lies between those of frames."""
    app = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\x00" + b"\x00" * 9
    tables = b"\xff\xc4" + struct.pack(">H", 4) + b"\x01\x02"
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + app + tables + frame + b"\xff\xd9"


def webp(width: int = 2, height: int = 2, kind: bytes = b"VP8X") -> bytes:
    body = {
        b"VP8X": b"\x00" * 4 + _three(width - 1) + _three(height - 1),
        b"VP8L": b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little") + b"\x00" * 5,
        b"VP8 ": b"\x00" * 3 + b"\x9d\x01\x2a" + struct.pack("<HH", width, height),
    }[kind]
    return (
        b"RIFF"
        + struct.pack("<I", 12 + len(body))
        + b"WEBP"
        + kind
        + struct.pack("<I", len(body))
        + body
    )


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
