"""The trace id of the invoke at hand, where functions look for it: the variable _X_AMZN_TRACE_ID of the environment.

It changes with every invoke, and the C library never gives back the memory of a variable's earlier values (some 200 bytes an invoke). So
the variable stands in memory of our own, and each id is written over the one before it. It is a variable like any other for os.environ, child
processes and native code.
"""
import os

_NAME = "_X_AMZN_TRACE_ID"
# Room for "name=value" and its end, in bytes. More than an id needs; one that is longer gets room of its own.
_ROOM_BYTES = 1024


class _OwnMemory:
    """Sets the variable without the C library taking a copy."""

    def __init__(self):
        import ctypes

        # pythonapi keeps the interpreter's lock while it calls: no thread of Python reads in between.
        self._putenv = ctypes.pythonapi["putenv"]
        self._putenv.argtypes = [ctypes.c_void_p]
        self._malloc = ctypes.pythonapi["malloc"]
        self._malloc.argtypes = [ctypes.c_size_t]
        self._malloc.restype = ctypes.c_void_p
        self._write = ctypes.memmove
        self._take(_ROOM_BYTES)

    def _take(self, room):
        address = self._malloc(room)
        if not address:
            raise MemoryError
        # What was before is never freed: whoever asked the C library may still hold it, and it is read when the process ends.
        self._address, self._room = address, room

    def set(self, assignment):
        size = len(assignment) + 1
        if size > self._room:
            self._take(2 * size)
        self._write(self._address, assignment + b"\0", size)
        self._putenv(self._address)


try:
    _memory = _OwnMemory()
except Exception:  # a Python without ctypes, or a host that forbids it
    _memory = None


def set_trace(trace_id):
    """Sets the variable for the invoke that begins; without an id there is none."""
    environ = os.environ
    if not trace_id:
        environ.pop(_NAME, None)
    elif _memory is None or type(environ) is not os._Environ or "\0" in trace_id:
        environ[_NAME] = trace_id
    else:
        name, value = environ.encodekey(_NAME), environ.encodevalue(trace_id)
        _memory.set(name + b"=" + value)
        # What an assignment does besides setting it.
        environ._data[name] = value
