"""`rollspec init`: a project in a repository, or one more environment of a project."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from renderer.commands.options import editor_option
from renderer.usecases.git_hooks import HOOK_TOOLS
from renderer.usecases.init import SAMPLE_APP, InitOptions, init


@click.command("init")
@click.option(
    "--env", default="production", show_default=True, help="The first environment; in a project, the one to add."
)
@click.option("--namespace", help="The environment's namespace (default: its name).")
@click.option("--app", default=SAMPLE_APP, show_default=True, help="The first app.")
@click.option(
    "--image", default="ghcr.io/stefanprodan/podinfo", show_default=True, help="The first app's image, without a tag."
)
@click.option("--tag", default="6.7.1", show_default=True, help="The tag of the image.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=9898,
    show_default=True,
    help="The port that the first app listens on.",
)
@click.option(
    "--after",
    metavar="ENV",
    help="In a project: the previous environment in the order of `promotion` in rollspec.yaml.",
)
@click.option(
    "--hooks",
    type=click.Choice(HOOK_TOOLS),
    default="pre-commit",
    show_default=True,
    help="Which hooks check commits: those of pre-commit, of Git itself, of husky or of lefthook.",
)
@click.option("--merge-driver", is_flag=True, help="Set this clone up to merge specs by field.")
@editor_option(
    "Begin each spec with the line that names its schema to an editor: at this address, or in this folder (.schemas)."
)
@click.pass_context
def command(context: click.Context, /, **options: Any) -> int:
    """Create a project in this folder: the project file, an overlay, a first app and a pre-commit config.

    Existing files are not changed. The hooks are printed, not written, if there is a pre-commit config without them, or
    if this is not the top folder of the repository, where pre-commit reads its config.

    A folder that belongs to another project (apps, overlays, ...) is refused.
    In a project, `--env ENV` adds only the overlay of another environment; with `--after`, it also adds the environment
    to the order of promotion.

    In a project, `--hooks git|husky|lefthook` alone writes hooks that check what is staged.

    With `--editor DIR`, the schemas are written into that folder of the project (`.schemas` if you name none), and each
    spec begins with a line that names its schema to editors with the YAML language server. With `--editor ADDRESS`, the
    line names the schemas at that address, such as the folder schemas/rollspec/v1 of a copy of rollspec's repository.
    In a project, the line is added to every spec that has none, and the schemas are updated.

    With --merge-driver, Git merges specs field by field in this clone, and takes our rendered files in a merge; a hook
    renders them again. In a project, it does nothing else.
    """
    given = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    return init(context.obj, InitOptions(**options), given)
