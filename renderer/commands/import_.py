"""`rollspec import`: turns running objects into specs, and proves what happens to each object."""

from __future__ import annotations

from typing import Any

import click

from renderer.usecases.importing import ImportOptions, import_objects


@click.command("import")
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option(
    "--env",
    "envs",
    multiple=True,
    metavar="ENV[=PATH]",
    help="The environment of the sources (default: production); with a path, the source of that environment "
    "(repeat for more).",
)
@click.option("--dry-run", is_flag=True, help="Show what would be written and the proof; write nothing.")
@click.option("--report", metavar="FILE", help="Write the whole report to FILE, as JSON.")
@click.option(
    "--again",
    metavar="REPORT",
    help="Import into the project of an earlier import, whose --report this is, and keep the edits made since.",
)
@click.option("--accept-lost", is_flag=True, help="Write the files even if something of the source is lost.")
@click.option("--accept-secrets", is_flag=True, help="Copy values that look like secrets too.")
@click.pass_obj
def command(directory: str, /, **options: Any) -> int:
    """Turn running Kubernetes objects into specs that render the same objects.

    A SOURCE is a file or a folder of YAML, a folder with a kustomization (built by `kubectl` or `kustomize`), or `-`
    for stdin, such as the output of `helm template` or `kubectl get -o yaml`. The cluster is not read.

    What was written is rendered again and compared with the source, object by object. Each is `identical`, or has
    the `same pods` (it differs, and no pod restarts), or `rolls` (its pods restart), or is `lost`, or `withheld` (a
    secret). If something is lost, nothing is written and the exit code is 1.

    Secrets are not copied: neither the values of Secrets nor variables of the environment that look like one. Such a
    variable becomes a `secretKeyRef`; plain manifests with a secret are not copied.
    """
    return import_objects(directory, ImportOptions(**options))
