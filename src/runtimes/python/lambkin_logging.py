"""What the function writes: `print`, `logging`, and the error of an invoke, each line or record one log event.

Text and JSON look as on AWS. sys.stdout and sys.stderr go over the channel too, so that what a handler printed stands
before its answer; what is written to the descriptors 1 and 2 directly is left alone.
"""
import io
import json
import logging
import sys
import time

import lambkin_channel as channel

_NO_LEVEL = 255
# Frames carry 0 trace .. 5 fatal.
_LEVELS = {logging.DEBUG: 1, logging.INFO: 2, logging.WARNING: 3, logging.ERROR: 4, logging.CRITICAL: 5}
# A line that is longer is cut into several events.
_LINE_BYTES_MAX = 256 * 1024
_NO_BREAK_SPACE = "\u00a0"

_encode_json = json.JSONEncoder(ensure_ascii=False, default=str).encode

# The request id of the invoke at hand.
request_id = None
_json_format = False


class _LineEvents(io.RawIOBase):
    """A stream whose every line becomes a log event. It keeps the name and number of the one that it stands for."""

    def __init__(self, name, descriptor):
        super().__init__()
        self.name = name
        self._descriptor = descriptor
        self._rest = b""

    def writable(self):
        return True

    def fileno(self):
        return self._descriptor

    def write(self, data):
        data = bytes(data)
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._emit(line)
        if len(self._rest) > _LINE_BYTES_MAX:
            self.finish()
        return len(data)

    def finish(self):
        """Sends what has no line end yet."""
        rest, self._rest = self._rest, b""
        if rest:
            self._emit(rest)

    @staticmethod
    def _emit(line):
        for start in range(0, len(line) or 1, _LINE_BYTES_MAX):
            channel.send(channel.LOG, b"\xff" + line[start : start + _LINE_BYTES_MAX])


_raw_streams = []


def _replace(name, descriptor):
    raw = _LineEvents("<%s>" % name, descriptor)
    _raw_streams.append(raw)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="replace", newline="\n", write_through=True)


def flush():
    """Sends unfinished lines: at the end of an invoke, and before the process ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # the function put something of its own there, or closed it
    for raw in _raw_streams:
        raw.finish()


def _level_of(record):
    return min(50, max(0, record.levelno)) // 10 * 10


class _AddRequestId(logging.Filter):
    def filter(self, record):
        record.aws_request_id = request_id or ""
        return True


class _ChannelHandler(logging.Handler):
    def emit(self, record):
        try:
            channel.send_log(_LEVELS.get(_level_of(record), _NO_LEVEL), self.format(record))
        except Exception:  # as logging's own handlers do: a record that cannot be shown must not end the function
            self.handleError(record)


_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id"}


class _JsonFormatter(logging.Formatter):
    def format(self, record):
        level = _level_of(record)
        event = {
            "timestamp": _iso(record.created),
            "level": logging.getLevelName(level),
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            import traceback

            event["stackTrace"] = traceback.format_tb(record.exc_info[2])
            event["errorType"] = record.exc_info[0].__name__
            event["errorMessage"] = str(record.exc_info[1])
        event["requestId"] = getattr(record, "aws_request_id", "")
        if record.exc_info:
            event["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
        for key, value in vars(record).items():
            if key not in _OWN_FIELDS and key not in event:
                event[key] = value
        return _encode_json({key: value for key, value in event.items() if value is not None})


def _iso(seconds):
    moment = time.gmtime(seconds)
    return "%s.%03dZ" % (time.strftime("%Y-%m-%dT%H:%M:%S", moment), int(seconds * 1000) % 1000)


def setup(environment):
    """Sets up the streams and the root logger as AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL ask."""
    global _json_format
    _json_format = environment.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
    sys.stdout = _replace("stdout", 1)
    sys.stderr = _replace("stderr", 2)
    logging.Formatter.converter = time.gmtime
    handler = _ChannelHandler()
    handler.addFilter(_AddRequestId())
    if _json_format:
        handler.setFormatter(_JsonFormatter())
    else:
        handler.setFormatter(
            logging.Formatter(
                "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
            )
        )
    root = logging.getLogger()
    root.addHandler(handler)
    level = environment.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = {"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level)
    if isinstance(logging.getLevelName(level), int) and level:
        root.setLevel(level)


def log_error(error):
    """Logs the error that ended an init or an invoke; `error` is what the caller gets."""
    if _json_format:
        event = {"timestamp": _iso(time.time())[:-5] + "Z", "level": "ERROR"}
        event.update(error)
        channel.send_log(4, _encode_json(event))
        return
    title = "[ERROR]"
    if error.get("errorType"):
        title += " " + error["errorType"] + (":" if error.get("errorMessage") else "")
    if error.get("errorMessage"):
        title += " " + error["errorMessage"]
    lines = [title, "Traceback (most recent call last):"]
    for entry in error.get("stackTrace") or []:
        for line in entry.splitlines() or [""]:
            text = line.lstrip(" ")
            lines.append(_NO_BREAK_SPACE * (len(line) - len(text)) + text)
    channel.send_log(4, "\n".join(lines))
