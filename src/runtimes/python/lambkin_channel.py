"""The bootstrap's end of the private channel (see ../channel.ts for the frames): one descriptor to read, one to write, both blocking.

One read usually brings a whole frame, one write sends one. Threads may log while another one answers, so writing is
under a lock. When the worker is gone, the process ends.
"""
import os
import sys
import threading

INIT, READY, INIT_ERROR, INVOKE, RESPONSE, ERROR, LOG = range(1, 8)
END = 15
AWAKE = 16

_FROM_WORKER_FD = 3
_TO_WORKER_FD = 4
_READ_BYTES = 64 * 1024
# The same hard stop as the worker's (`frameBytesMax` of ../channel.ts).
_FRAME_BYTES_MAX = 64 * 1024 * 1024

_write_lock = threading.Lock()
_unread = b""
_is_child = False


def open_channel():
    """Makes the descriptors ours alone: blocking, and closed in every program that the function starts."""
    for descriptor in (_FROM_WORKER_FD, _TO_WORKER_FD):
        os.set_blocking(descriptor, True)
        os.set_inheritable(descriptor, False)
    os.register_at_fork(after_in_child=_after_fork)


def _after_fork():
    # Frames of two processes would mix: a child of the function logs to its standard output, and answers nothing.
    global _is_child, _write_lock
    _is_child = True
    _write_lock = threading.Lock()  # another thread may have held it, and does not exist here


def receive():
    """The next frame: its type, and its body as bytes."""
    global _unread
    data = _unread or _read(_READ_BYTES)
    while len(data) < 4:
        data += _read(_READ_BYTES)
    end = 4 + int.from_bytes(data[:4], "big")
    if not 4 < end <= 4 + _FRAME_BYTES_MAX:
        _leave()
    if len(data) < end:
        data = _complete(data, end)
    _unread = data[end:]
    return data[4], data[5:end]


def send(frame_type, body):
    """Sends one frame."""
    if _is_child:
        if frame_type != LOG:
            os._exit(0)  # it came back from the handler
        os.write(1, bytes(body[1:]) + b"\n")
        return
    frame = b"%b%c%b" % ((len(body) + 1).to_bytes(4, "big"), frame_type, body)
    with _write_lock:
        try:
            written = os.write(_TO_WORKER_FD, frame)
            while written < len(frame):
                frame = memoryview(frame)[written:]
                written = os.write(_TO_WORKER_FD, frame)
        except OSError:
            _leave()


def send_log(level, text):
    """Sends one log event; `level` 0 (trace) to 5 (fatal), 255 when it has none."""
    send(LOG, b"%c%b" % (level, text.encode("utf-8", "replace")))


def _complete(data, end):
    whole = bytearray(end)
    whole[: len(data)] = data
    filled = len(data)
    while filled < end:
        part = _read(min(end - filled, 1024 * 1024))
        whole[filled : filled + len(part)] = part
        filled += len(part)
    return bytes(whole)


def _read(count):
    try:
        data = os.read(_FROM_WORKER_FD, count)
    except OSError:
        data = b""
    if not data:
        _leave()
    return data


def _leave():
    # Without the ceremony of sys.exit: nobody is left to answer to, and threads of the function may still run.
    sys.stderr.flush()
    os._exit(0)
