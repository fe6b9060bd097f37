"""`comply completion`: what makes a shell complete comply's commands and options."""

import sys

import click
from click.shell_completion import get_completion_class

from comply.cli.commands import comply


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(*, shell: str) -> int:
    """Print the script that completes comply's commands and options in a shell.

    \b
    comply completion bash > ~/.local/share/bash-completion/completions/comply
    comply completion zsh > "${fpath[1]}/_comply"
    comply completion fish > ~/.config/fish/completions/comply.fish

    Open a new shell afterwards.
    """  # noqa: D301  (click wants the character)
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    script = made(comply, {}, "comply", "_COMPLY_COMPLETE").source()
    sys.stdout.write(script + "\n")
    return 0
