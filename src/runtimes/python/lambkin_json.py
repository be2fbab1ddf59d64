"""The event from JSON and the answer to JSON, as AWS's Python runtimes do it: Decimal becomes a number as it is written."""
import json
import math
import os
import sys

# Stands where a Decimal will, until the text is there: JSON encoders of the standard library cannot write one.
_mark = "lambkin-decimal-%s-" % os.urandom(16).hex()


class Encoder(object):
    """Encodes one answer after the other."""

    def __init__(self):
        self._decimals = []
        # From Python 3.12 on AWS's runtime leaves characters outside ASCII as they are.
        self._encode = json.JSONEncoder(
            ensure_ascii=sys.version_info < (3, 12), default=self._default
        ).encode

    def encode(self, value):
        """JSON text; raises what the encoder raises for values that JSON does not have."""
        try:
            text = self._encode(value)
            for index, decimal in enumerate(self._decimals):
                text = text.replace('"%s%d-"' % (_mark, index), decimal)
            return text
        finally:
            self._decimals.clear()

    def _default(self, value):
        # Looked up, not imported: a function that has no Decimal has not loaded the module.
        decimal = sys.modules.get("decimal")
        if decimal is not None and isinstance(value, decimal.Decimal):
            if value.is_nan():
                return math.nan
            self._decimals.append(str(value))
            return "%s%d-" % (_mark, len(self._decimals) - 1)
        raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)
