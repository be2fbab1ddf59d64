"""The start of a managed Python runtime's process (3.8 and later, standard library only): brings our modules in.

Python never caches the compiled form of the script that it is started with, so this is only that; it caches what is
imported, in the folder that the first argument names.
"""
# The standard library first: it has a cache of its own. And more of it than we need: what most functions import is then
# there already when the process is told its function.
# ruff: noqa: F401
import base64
import collections
import datetime
import functools
import importlib
import io
import json
import logging
import math
import os
import random
import re
import site
import sys
import threading
import time
import traceback
import uuid

# Started isolated (-I), so that nothing of the host's environment is in the path; our own folder is there only now.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.pycache_prefix = sys.argv[1] if len(sys.argv) > 1 else None
import lambkin_runtime

sys.path.pop(0)
del sys.argv[1:]
# As on AWS, where the code is read-only: a function's own cache files are used, and none are written.
sys.pycache_prefix = None
sys.dont_write_bytecode = True

lambkin_runtime.run()
