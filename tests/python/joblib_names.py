"""Prints every public name of the installed joblib, one a line: the rows that docs/from-python.md has to have.

A line is a function or class (`hash`), a parameter (`hash(obj)`), a method (`Memory.cache`), its parameter
(`Memory.cache(func)`), an attribute (`MemorizedResult.func`), a value chosen by name (`backend="loky"`), or a variable
of the environment (`JOBLIB_N_JOBS`). Inherited members stand once, at the class that is itself a row.
"""

import ast
import inspect
import os
import re
import textwrap

import joblib
from joblib import _parallel_backends, _store_backends, compressor, memory, numpy_pickle_utils, parallel

# Beside the names joblib exports: the classes whose instances those hand out, or that one derives from to extend joblib.
BESIDE = [
    memory.MemorizedFunc,
    memory.AsyncMemorizedFunc,
    memory.NotMemorizedFunc,
    memory.AsyncNotMemorizedFunc,
    memory.NotMemorizedResult,
    memory.JobLibCollisionWarning,
    compressor.CompressorWrapper,
    _store_backends.StoreBackendMixin,
    _store_backends.CacheItemInfo,
    _store_backends.CacheWarning,
    _parallel_backends.AutoBatchingMixin,
    _parallel_backends.PoolManagerMixin,
]

LISTED = {name: getattr(joblib, name) for name in joblib.__all__} | {c.__name__: c for c in BESIDE}
CLASSES = [c for c in LISTED.values() if inspect.isclass(c)]
PROTOCOL = ("__call__", "__enter__", "__exit__")


def parameters(function):
    # What Python itself hands to `__exit__` is no one's to pass.
    if getattr(function, "__name__", "") in ("__enter__", "__exit__"):
        return []
    try:
        return [name for name in inspect.signature(function).parameters if name != "self"]
    except ValueError:  # An exception's own constructor has no signature.
        return []


def assigned(cls):
    """The attributes that a class's methods set on `self`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except OSError:  # Made at run time, as a namedtuple.
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                yield node.attr


def members(cls):
    for base in cls.__mro__:
        if not base.__module__.startswith("joblib") or (base is not cls and base in CLASSES):
            continue
        taken = set(parameters(cls))
        for name, value in vars(base).items():
            if not name.startswith("_") or (name in PROTOCOL):
                yield name, value
        for name in assigned(base):
            if not name.startswith("_") and name not in taken:
                yield name, None


def rows():
    for name, thing in LISTED.items():
        yield name
        for parameter in parameters(thing):
            yield f"{name}({parameter})"
        if inspect.isclass(thing):
            for member, value in members(thing):
                yield f"{name}.{member}"
                if inspect.isfunction(value):
                    for parameter in parameters(value):
                        yield f"{name}.{member}({parameter})"
    for name in sorted(parallel.BACKENDS) + sorted(parallel.EXTERNAL_BACKENDS):
        yield f'backend="{name}"'
    for name in sorted(memory._STORE_BACKENDS):
        yield f'store backend="{name}"'
    for name in sorted(numpy_pickle_utils._COMPRESSORS):
        yield f'compress="{name}"'
    for name in sorted(parallel.VALID_BACKEND_HINTS, key=str):
        yield f'prefer="{name}"'
    for name in sorted(parallel.VALID_BACKEND_CONSTRAINTS, key=str):
        yield f'require="{name}"'
    # Stands in the code of `Parallel.__init__` only.
    (forms,) = re.findall(r"return_as not in (\{[^}]*\})", inspect.getsource(parallel))
    for name in sorted(ast.literal_eval(forms)):
        yield f'return_as="{name}"'
    variables = set()
    for folder, _, files in os.walk(os.path.dirname(joblib.__file__)):
        for file in files if "test" not in os.path.basename(folder) else []:
            if file.endswith(".py"):
                with open(os.path.join(folder, file), encoding="utf-8") as source:
                    variables |= set(re.findall(r"environ[^\n]*?[\"']((?:JOBLIB|LOKY)_\w+)[\"']", source.read()))
    yield from sorted(variables)


if __name__ == "__main__":
    for row in dict.fromkeys(rows()):
        print(row)
