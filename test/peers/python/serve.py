"""Reads jobs as JSON from standard input and prints a line of JSON for each: what the script that it names makes of it, or the error."""

import importlib
import json
import sys
import traceback

printed = sys.stdout
sys.stdout = sys.stderr
for job in json.load(sys.stdin):
    try:
        result = importlib.import_module(job["script"]).work(job)
    except Exception as error:
        traceback.print_exc(limit=-2)
        result = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps({"id": job["id"], **result}), file=printed, flush=True)
