#!/usr/bin/env python3
"""Tries the second verifier on the vectors in specs/vectors: vectors.py FOLDER [CASES].

CASES are choices and what the rules make of them. Silent if all is well.
"""

import json
import sys
from pathlib import Path

import verify


def refuses(what, one):
    try:
        one()
    except verify.Refused:
        return
    raise SystemExit(f"accepted: {what}")


def main(folder):
    def read(name):
        return json.loads((Path(folder) / name).read_text("utf-8"))

    encodings = read("encoding.json")
    for row in encodings["accepted"]:
        data = bytes.fromhex(row["hex"])
        assert verify.encode(verify.decode(data)) == data, row
    for row in encodings["refused"]:
        refuses(row, lambda: verify.decode(bytes.fromhex(row["hex"])))
    keys = read("keys.json")
    for key in keys["usable"]:
        verify.usable(bytes.fromhex(key))
    for key in keys["unusable"]:
        refuses(key, lambda: verify.usable(bytes.fromhex(key)))
    for row in keys["refused_signatures"]:
        parts = [bytes.fromhex(row[name]) for name in ("public", "message", "signature")]
        refuses(row["what"], lambda: verify.signed(*parts))
    charters = read("charters.json")
    for row in charters["accepted"]:
        assert verify.Charter(bytes.fromhex(row["hex"])).hash.hex() == row["hash"], row["what"]
    for row in charters["refused"]:
        refuses(row["what"], lambda: verify.Charter(bytes.fromhex(row["hex"])))


def judge(path):
    for case in json.loads(Path(path).read_text("utf-8")):
        judged = verify.Judge(
            case["rule"],
            verify.Charter(bytes.fromhex(case["charter"])),
            case["electorate"],
            dict(case["choices"]),
            case["extended"],
            case["fallback"],
        )
        failing = judged.failing[0] if judged.failing else None
        found = (judged.verdict, failing, judged.lacks_ballots())
        assert found == (case["verdict"], case["failing"], case["lacks_ballots"]), (found, case)


if __name__ == "__main__":
    main(sys.argv[1])
    if len(sys.argv) > 2:
        judge(sys.argv[2])
