"""Pickle arrays byte by byte, as Python 2 did, since Python 3 cannot write such byte strings."""


def text(content):
    """Pickle a byte string."""
    if len(content) < 256:
        return b"U" + bytes([len(content)]) + content
    return b"T" + len(content).to_bytes(4, "little") + content


def array(values, *, by_column=False):
    """Pickle one array: _reconstruct(ndarray, (0,), "b"), and then its shape, dtype, order and content."""
    order, name = values.dtype.str[0], values.dtype.str[1:].encode()
    made = b"cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
    lengths = b"(" + b"".join(b"J" + length.to_bytes(4, "little") for length in values.shape) + b"t"
    kind = b"cnumpy\ndtype\n" + text(name) + b"K\x00K\x01\x87R"
    kind += b"(K\x03" + text(order.encode()) + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    return (
        made
        + b"(K\x01"
        + lengths
        + kind
        + (b"\x88" if by_column else b"\x89")
        + text(values.tobytes())
        + b"tb"
    )


def pickled(images, labels):
    """Pickle three equal pairs of arrays, in the form of Nielsen's training, validation and test data."""
    pair = array(images) + array(labels) + b"\x86"
    return b"\x80\x02" + pair * 3 + b"\x87."
