"""The lab's command line: `python -m tests.engines install | e2e | soak | sequences | traces | ...`."""

from __future__ import annotations

import argparse
import os
import sys

from .lock import ROLLOUTS


def main() -> int:
    """Parse, enter the sandbox where the command needs it, and run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.engines")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="build the engines into the user's cache")
    traces = commands.add_parser("traces", help="record the scenarios' traces for both versions of Rollouts")
    traces.add_argument("--rollouts", action="append", help="one version (again for another)")
    traces.add_argument("-k", dest="name", default="", help="only scenarios whose name has this part")
    commands.add_parser("judges", help="every rendered fixture and mutants of them before the other judges")
    commands.add_parser("defaults", help="the defaults that an import leaves out before the API server")
    random = commands.add_parser("soak", help="random releases")
    random.add_argument("-n", type=int, default=100, help="how many")
    random.add_argument(
        "-k", dest="name", default="", help="only those whose name has this part, or one of these (a|b)"
    )
    random.add_argument("--seed", type=int, default=1, help="the same number: the same releases")
    random.add_argument("--rollouts", action="append", help="one version (again for another)")
    many = commands.add_parser("sequences", help="random releases without requests, against the simulator")
    many.add_argument("-n", type=int, default=300, help="how many")
    many.add_argument("--seed", type=int, default=1, help="the same number: the same releases")
    many.add_argument("--rollouts", action="append", help="one version (again for another)")
    e2e = commands.add_parser("e2e", help="play every scenario")
    e2e.add_argument("--rollouts", action="append", help="one version (again for another)")
    e2e.add_argument(
        "-k", dest="name", default="", help="only scenarios whose name has this part, or one of these (a|b)"
    )
    e2e.add_argument("-v", "--verbose", action="store_true", help="every violation, the expected ones too")
    old = commands.add_parser("stale", help="which scenarios are out of date; nothing is played")
    old.add_argument("--fail", action="store_true", help="exit 1 if any is")
    arguments = parser.parse_args()
    if arguments.command == "install":
        from .install import install

        return install()
    if arguments.command == "stale":
        from . import digest, evidence

        return int(digest.say_stale(evidence.all_known(), ROLLOUTS[0]) and arguments.fail)
    from . import sandbox

    if not sandbox.inside():
        if reason := sandbox.reason_against(needed(arguments)):
            print(f"{reason}", file=sys.stderr)
            return 3
        return sandbox.enter(sys.argv[1:])
    from .run import run

    code = run(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the watches' threads still read: an interpreter that is taken down under them may crash


def needed(arguments: argparse.Namespace) -> list[str]:
    """The engines that the command wants."""
    versions = getattr(arguments, "rollouts", None) or ROLLOUTS
    return [
        "podlab",
        "etcd",
        "kubernetes",
        "istio",
        "envoy",
        "argocd",
        "redis",
        "prometheus",
        *(f"rollouts-{version}" for version in versions),
    ]


if __name__ == "__main__":
    sys.exit(main())
