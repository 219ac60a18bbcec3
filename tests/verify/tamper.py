"""Has the inspector's program judge many forgeries of one export, in one process.

    python3 tamper.py EXPORT ANCHOR < cases

A case is a JSON list [[from, to, [lines]], …]: lines, in hexadecimal, that take the place of those of the
export, from behind to the front. Prints one JSON verdict a case.
"""

import functools
import importlib.util
import io
import json
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "assets/verify/verify_audit.py"
SPEC = importlib.util.spec_from_file_location("verify_audit", SCRIPT)
verifier = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(verifier)
# The same seal is checked in nearly every case, and its answer is always the same.
verifier.is_signed = functools.lru_cache(maxsize=None)(verifier.is_signed)


def verdict(lines, anchors):
    try:
        verifier.verify(verifier.Export(lines), [], anchors)
    except verifier.Broken as fault:
        return {"row": fault.row}
    except verifier.Beside as faults:
        return {"signatures": faults.signatures, "records": faults.records}
    except verifier.Unreadable as error:
        return {"unreadable": str(error)}
    return {"good": True}


def main():
    base = io.BytesIO(Path(sys.argv[1]).read_bytes()).readlines()
    anchors = [verifier.parse_anchor(sys.argv[2])]
    for case in sys.stdin:
        lines = list(base)
        for start, end, new in json.loads(case):
            forged = b"".join(bytes.fromhex(line) + b"\n" for line in new)
            # A byte that was changed may end a line where none ended before.
            lines[start:end] = io.BytesIO(forged).readlines()
        print(json.dumps(verdict(lines, anchors)))


if __name__ == "__main__":
    main()
