"""Writes compress.txt, the streams of test_compress.c, by writers that are not the libraries' C entry points
that the gateway uses: pip install lz4 zstandard python-snappy; python3 compress.py > compress.txt"""

import gzip
import struct

import lz4.frame
import snappy
import zstandard

TEXT = b'{"lumens": 100}' * 40
ZEROS = b"\0" * (4 << 20)


def show(name, data):
    print(name, data.hex())


def zstd_stream(**parameters):
    """Without the content's size in the header, as Java writes it."""
    stream = zstandard.ZstdCompressor(**parameters).compressobj()
    return stream.compress(TEXT) + stream.flush()


show("compress/plain", TEXT)
show("compress/gzip", gzip.compress(TEXT, mtime=0))
show("compress/gzip/two-members", gzip.compress(TEXT[:300], mtime=0) + gzip.compress(TEXT[300:], mtime=0))
show("compress/snappy/raw", snappy.compress(TEXT))
show("compress/snappy/xerial", b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1) + b"".join(
    struct.pack(">i", len(block)) + block for block in (snappy.compress(TEXT[:100]), snappy.compress(TEXT[100:]))))
show("compress/lz4", lz4.frame.compress(TEXT, block_linked=False, content_checksum=True, store_size=False))
show("compress/lz4/linked", lz4.frame.compress(ZEROS[:1 << 17], block_linked=True, store_size=False))
show("compress/zstd", zstandard.ZstdCompressor().compress(TEXT))
show("compress/zstd/no-size", zstd_stream())
show("compress/zstd/two-frames", zstandard.compress(TEXT[:300]) + zstandard.compress(TEXT[300:]))
show("compress/zstd/window-16MiB", zstd_stream(compression_params=zstandard.ZstdCompressionParameters(window_log=24)))
show("bomb/gzip", gzip.compress(ZEROS, 9, mtime=0))
show("bomb/snappy", snappy.compress(ZEROS[:1 << 16]))
show("bomb/lz4", lz4.frame.compress(ZEROS, block_linked=False, store_size=False, block_size=lz4.frame.BLOCKSIZE_MAX4MB))
show("bomb/zstd", zstandard.ZstdCompressor().compress(ZEROS))
