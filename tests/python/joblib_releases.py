"""Writes the list of joblib's own `create_numpy_pickle.py` with the joblib that runs it, for tests/data/pickle.

    PYTHONPATH=joblib-1.0.1 python tests/python/joblib_releases.py tests/data/pickle
"""

import sys

import joblib
import numpy as np

folder = sys.argv[1]
numpy_version = "".join(np.__version__.split(".")[:2])
name = f"{folder}/joblib_{joblib.__version__}_pickle_py{sys.version_info.major}{sys.version_info.minor}_np{numpy_version}.pkl"
value = [
    np.arange(5, dtype=np.int64),
    np.arange(5, dtype=np.float64),
    np.array([1, "abc", {"a": 1, "b": 2}], dtype=object),
    np.arange(256, dtype=np.uint8).tobytes(),
    np.matrix([0, 1, 2], dtype=np.int64),
    "C'est l'\u00e9t\u00e9 !",
]
joblib.dump(value, name)
for method in ["zlib", "gzip", "bz2", "xz", "lzma"]:
    joblib.dump(value, f"{name}.{method}", compress=(method, 3))
