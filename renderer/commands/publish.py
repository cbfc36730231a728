"""`rollspec publish`: rendered files -> commits on other branches."""

from __future__ import annotations

from typing import Any

import click

from renderer.commands.options import env_option
from renderer.usecases.publish import PublishOptions, publish


@click.command("publish")
@click.option("--branch", metavar="BRANCH", help="The branch to write, such as environments/{env}.")
@click.option("--revision", metavar="REV", default="HEAD", show_default=True, help="The commit to render.")
@click.option("--repo", "repository", metavar="DIR", help="Write the branches in DIR, a clone of another repository.")
@click.option("--push", is_flag=True, help="Write the branches of the remote, not local ones.")
@click.option("--remote", metavar="NAME", default="origin", show_default=True, help="With --push: the remote.")
@env_option
@click.pass_obj
def command(directory: str, /, **options: Any) -> int:
    """Render a commit, and commit each environment's files on a branch of its own.

    The working tree and the index do not change, and uncommitted changes are not published. The files on a branch have
    the same paths as on the branch of the specs; other files of the branch stay. If no file changed, there is no new
    commit.

    `publish.branch` in rollspec.yaml is used if --branch is not given, and Argo CD's objects then name that branch.
    """
    return publish(PublishOptions(directory, **options))
