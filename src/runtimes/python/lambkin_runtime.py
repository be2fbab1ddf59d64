"""Runs a function: takes the `init` order, imports the handler, and answers one invoke after the other in this thread."""
import importlib
import json
import os
import site
import sys
import time
import traceback

import lambkin_channel as channel
import lambkin_logging
from lambkin_context import LambdaContext
from lambkin_json import Encoder
from lambkin_trace import set_trace

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Fault(Exception):
    """A failure that the runtime names, not the function."""

    def __init__(self, error_type, message, trace=None):
        super().__init__(message)
        self.error_type = "Runtime." + error_type
        self.message = message
        self.trace = trace


def load_handler(handler):
    """Imports `folder/module.function`, where folders may also be written with dots."""
    module_name, dot, function_name = handler.rpartition(".")
    if not dot:
        raise Fault(
            "MalformedHandlerName",
            "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler,
        )
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module_name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("ImportModuleError", "Unable to import module '%s': %s" % (module_name, error))
    except SyntaxError as error:
        where = '  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)
        raise Fault("UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), [where])
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))


def describe(error, request_id):
    """What the caller gets when init or the handler raised."""
    if isinstance(error, Fault):
        error_type, message, trace = error.error_type, error.message, error.trace
    else:
        entries = traceback.extract_tb(error.__traceback__)
        while entries and entries[0].filename.startswith(_OWN_FOLDER):
            del entries[0]
        error_type, message, trace = type(error).__name__, _text(error), traceback.format_list(entries)
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace or []}


def _text(error):
    try:
        return str(error)
    except Exception as broken:
        return "the error cannot be shown: %s" % type(broken).__name__


def take_environment(wanted):
    for name in list(os.environ):
        if name not in wanted:
            del os.environ[name]
    os.environ.update(wanted)
    if hasattr(time, "tzset"):
        time.tzset()


def start(order):
    take_environment(order["env"])
    lambkin_logging.setup(order["env"])
    task_root = order["taskRoot"]
    os.chdir(task_root)
    # PYTHONPATH was not read when the process started (-I).
    extra = [path for path in order["env"].get("PYTHONPATH", "").split(os.pathsep) if path]
    opt_root = order.get("optRoot")
    site_packages = opt_root and os.path.join(
        opt_root, "python/lib/python%d.%d/site-packages" % sys.version_info[:2]
    )
    if opt_root and not extra:
        extra = [site_packages, os.path.join(opt_root, "python")]
    sys.path[:0] = [task_root] + extra
    if opt_root and os.path.isdir(site_packages):
        site.addsitedir(site_packages)  # for its .pth files; at the end where PYTHONPATH takes the place of the above
    # The host's own packages come last: AWS's runtimes have boto3 there.
    sys.path.extend(path for path in site.getsitepackages() if path not in sys.path and os.path.isdir(path))
    return load_handler(order["handler"])


def answer(handler, body, encoder):
    """Runs one invoke and returns the frame that answers it."""
    header_end = 4 + int.from_bytes(body[:4], "big")
    header = json.loads(body[4:header_end])
    request_id = lambkin_logging.request_id = header["requestId"]
    set_trace(header.get("traceId"))
    try:
        context = LambdaContext(header, _client_context(header.get("clientContext")))
        try:
            event = json.loads(body[header_end:])
        except Exception as error:
            raise Fault("UnmarshalError", "Unable to unmarshal input: %s" % error)
        result = handler(event, context)
        if isinstance(result, bytes):
            return channel.RESPONSE, result
        try:
            return channel.RESPONSE, encoder.encode(result).encode("utf-8")
        except Exception as error:
            raise Fault("MarshalError", "Unable to marshal response: %s" % error)
    except Exception as error:
        failure = describe(error, request_id)
        lambkin_logging.log_error(failure)
        return channel.ERROR, json.dumps(failure).encode()


def _client_context(text):
    if text is None:
        return None
    try:
        return json.loads(text)
    except Exception as error:
        raise Fault("LambdaContextUnmarshalError", "Unable to parse Client Context JSON: %s" % error)


def main():
    channel.open_channel()
    frame_type, body = channel.receive()
    if frame_type != channel.INIT:
        sys.exit("the first frame must be init")
    try:
        handler = start(json.loads(body))
    except Exception as error:
        failure = describe(error, "")
        lambkin_logging.log_error(failure)
        lambkin_logging.flush()
        channel.send(channel.INIT_ERROR, json.dumps(failure).encode())
        sys.exit(1)
    lambkin_logging.flush()
    channel.send(channel.READY, b"")
    encoder = Encoder()
    while True:
        frame_type, body = channel.receive()
        if frame_type in (channel.END, channel.AWAKE):
            continue  # SIGTERM came and a handler of the function's took it; or threads are extensions, which run anyway
        if frame_type != channel.INVOKE:
            sys.exit("an invoke was expected")
        answer_type, answer_body = answer(handler, body, encoder)
        lambkin_logging.flush()
        channel.send(answer_type, answer_body)


def run():
    """Serves until the channel or the function ends the process."""
    # Started without `site` (-S), which costs more than all the rest; functions may still call exit().
    site.setquit()
    try:
        main()
    finally:
        # What was printed without a line end belongs to the log also when the function ends the process.
        lambkin_logging.flush()
