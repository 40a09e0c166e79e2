"""Prints the tests of the installed joblib, `module name` on each line: the rows that docs/joblib-tests.md has to have."""

import os
import re

import joblib

FOLDER = os.path.join(os.path.dirname(joblib.__file__), "test")

for file in sorted(os.listdir(FOLDER)):
    module, extension = os.path.splitext(file)
    if module.startswith("test_") and extension == ".py":
        # One of them is in Big5 on purpose; its names are ASCII.
        with open(os.path.join(FOLDER, file), encoding="ascii", errors="replace") as source:
            for name in re.findall(r"^\s*(?:async )?def (test_\w+)", source.read(), re.MULTILINE):
                print(module, name)
