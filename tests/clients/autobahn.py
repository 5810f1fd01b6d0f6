"""Runs cases of the Autobahn test suite against a server that echoes, and compares what came of each with the list.

usage: autobahn.py URL [--cases GLOB[,GLOB...]] [--write]

The list, autobahn.json, has a line for each case: the verdict on the messages, then that on the closing handshake. A
verdict that differs in either direction fails the run; --write puts what came into the list instead.
"""

import argparse
import asyncio
import collections
import fnmatch
import json
import os
import pathlib
import sys
import time

import kosoku
import kosoku.cases

LIST = pathlib.Path(__file__).with_name("autobahn.json")

# In the order of the suite; the long chapters in parts, so that one sees where it is.
PARTS = (
    [f"{chapter}.*" for chapter in range(1, 8)]
    + [f"9.{part}.*" for part in range(1, 9)]
    + ["10.*"]
    + [f"12.{part}.*" for part in range(1, 6)]
    + [f"13.{part}.*" for part in range(1, 8)]
)


def as_bytes(on_message):
    """Gives a case what came uncompressed as bytes too: kosoku has it as str, which chapters 12 and 13 do not expect."""

    def on_bytes(case, message, binary):
        is_text = isinstance(message, str)
        return on_message(case, message.encode("latin-1" if binary else "utf-8") if is_text else message, binary)

    return on_bytes


def mend_cases():
    """A server need not compress what does not become smaller; in these chapters kosoku fails at such an answer."""
    for name, case in kosoku.cases.CASES.items():
        if name.startswith(("12.", "13.")):
            case.onMessage = as_bytes(case.onMessage)


async def run(url, part):
    """Returns what came of each case of the part."""
    try:
        return await kosoku.run_fuzzingclient(url, [part])
    except kosoku.FailureError as failure:
        return failure.results


def verdict(result):
    return f"{result.behavior.value}, {result.behavior_close.value}"


def order(case):
    return [int(number) for number in case.split(".")]


def write(verdicts):
    lines = [f'  "{case}": "{verdicts[case]}"' for case in sorted(verdicts, key=order)]
    LIST.write_text("{\n" + ",\n".join(lines) + "\n}\n")


async def main():
    parser = argparse.ArgumentParser(description="Runs cases of the Autobahn test suite against a server that echoes.")
    parser.add_argument("url")
    parser.add_argument("--cases", default="*")
    parser.add_argument("--write", action="store_true")
    wanted = parser.parse_args()
    globs = wanted.cases.split(",")
    known = json.loads(LIST.read_text()) if LIST.exists() else {}
    expected = {case: known[case] for case in known if any(fnmatch.fnmatchcase(case, glob) for glob in globs)}

    mend_cases()
    began = time.monotonic()
    verdicts = {}
    differences = []
    for part in PARTS if globs == ["*"] else globs:
        part_began = time.monotonic()
        results = await run(wanted.url, part)
        for result in results:
            came = verdict(result)
            verdicts[result.case_id] = came
            if came != known.get(result.case_id):
                differences.append(
                    f"{result.case_id}: {came} (expected: {known.get(result.case_id, 'not in the list')});"
                    f" {result.result} {result.result_close}; closed with {result.remote_close_code}"
                )
        counts = collections.Counter(verdict(result) for result in results)
        summary = ", ".join(f"{count} x {came}" for came, count in sorted(counts.items()))
        print(f"{part:8} {len(results):4} cases  {time.monotonic() - part_began:6.1f} s  {summary}", flush=True)

    if wanted.write:
        write({**known, **verdicts})
        print(f"wrote {len(verdicts)} verdicts")
        return 0
    differences += [f"{case}: was not run (expected: {expected[case]})" for case in expected if case not in verdicts]
    for difference in differences:
        print(difference)
    print(f"{len(verdicts)} cases in {time.monotonic() - began:.0f} s, {len(differences)} differ from the list")
    return 1 if differences or not verdicts else 0


if __name__ == "__main__":
    try:
        code = asyncio.run(main())
    except ValueError as wrong:
        print(f"--cases: {wrong}")
        code = 2
    # Without the interpreter's own end: threads of kosoku that are still there then now and again abort the process.
    sys.stdout.flush()
    os._exit(code)
