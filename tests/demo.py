"""The demo (`make demo`): renders this repository's samples, then plays a whole release in a temporary repository."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from tests.support.cases import ROOT
from tests.support.repository import git, init, save
from tests.support.story import is_header, said

LEFT = 64  # columns of the spec beside its manifest
IMAGE = "ghcr.io/stefanprodan/podinfo"
SPEC = ("fixtures/apps/reviews.yaml", "overlays/production/apps/reviews.yaml")
MADE = (("rollout.yaml", "  strategy:", "  template:"), ("virtual-service.yaml", "spec:", None))

# What each commit is about, and the command that makes it.
STORY = (
    ("A new version, for 20 % of the requests", "release web 6.8.0 --weight 20"),
    ("It looks good: raise its share", "weight web 50"),
    ("And all of it", "promote web"),
    ("The next one is bad ...", "release web 6.9.0 --weight 20"),
    ("... so it is stopped: the stable pods never went away", "abort web"),
    ("Another app: from a Deployment to a Rollout. First both run ...", "switch hello --to Canary"),
    ("... then the Deployment goes", "switch hello --continue"),
)


def main() -> None:
    """Print both parts; anything that does not work ends the demo with what the command said."""
    with tempfile.TemporaryDirectory() as folder:
        samples(Path(folder, "rendered"))
        release(init(Path(folder, "shop")))


def samples(target: Path) -> None:
    """The sample project, rendered into `target`."""
    title("The samples: app specs in fixtures/apps, environments in overlays/, rendered and checked")
    show(ROOT, "render", "--output", str(target), shown="render")
    print()
    for line in tree(target):
        print(f"  {line}")
    title("One spec, with what its overlay says, beside what became of it in production")
    beside = zip_longest(list(spec_lines()), list(made_lines(target / "production" / "reviews")), fillvalue="")
    for left, right in beside:
        print(f"{left:{LEFT}}| {right}".rstrip())


def release(project: Path) -> None:
    """A project from nothing, and each commit of a release with its diff of the spec and its plan."""
    title("A whole release in a new repository, by nothing but commits")
    print("$ git init")
    show(project, "init", "--env", "production", "--port", "9898")
    where = ("--image", IMAGE, "--tag", "6.7.1", "--port", "http=80:9898")
    show(project, "new", "web", *where, "--strategy", "Canary", "--router", "istio")
    show(project, "render")
    save(project, "Start with two apps")
    print("$ git add --all && git commit --message 'Start with two apps'")
    for about, words in STORY:
        title(about)
        show(project, *words.split(), "--commit")
        print(textwrap.indent(spec_diff(project), "    "))
        show(project, "plan", "--base", "HEAD~1")
    title("Git has the whole story")
    print("$ git log --oneline")
    print(git(project, "log", "--oneline"), end="")


def show(folder: Path, *arguments: str, shown: str | None = None) -> None:
    """One command, and what it prints."""
    print(f"$ rollspec {shown or ' '.join(arguments)}")
    print(said(folder, ["rollspec", *arguments]), end="", flush=True)


def spec_diff(project: Path) -> str:
    """What the last commit changed in the specs, without Git's headers."""
    lines = git(project, "show", "--format=", "--unified=1", "HEAD", "--", "apps", "overlays").splitlines()
    return "\n".join(line for line in lines if not is_header(line))


def tree(folder: Path) -> Iterator[str]:
    """One line for each app and environment, with its files."""
    for env in sorted(folder.iterdir()):
        yield f"{env.name}/"
        for app in sorted(env.iterdir()):
            names = " ".join(sorted(file.name.removesuffix(".yaml") for file in app.iterdir()))
            yield from textwrap.wrap(f"  {app.name + '/':14}{names}", 116, subsequent_indent=" " * 16)


def spec_lines() -> Iterator[str]:
    """The app spec, then the overlay's partial app."""
    for file in SPEC:
        yield f"# {file}"
        kept = [line for line in (ROOT / file).read_text().splitlines() if not line.startswith("#")]
        yield from (line if len(line) < LEFT else f"{line[: LEFT - 5]} ..." for line in kept)
        yield ""


def made_lines(folder: Path) -> Iterator[str]:
    """Of each manifest the part from one line to another."""
    for name, start, end in MADE:
        lines = (folder / name).read_text().splitlines()
        yield f"# {name} (a part)"
        yield from lines[lines.index(start) : lines.index(end) if end else None]
        yield ""


def title(text: str) -> None:
    """A heading."""
    print(f"\n=== {text}\n", flush=True)


if __name__ == "__main__":
    main()
