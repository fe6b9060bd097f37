"""What `--help` says: of every command and option, and not cut short."""

from collections.abc import Iterator

import click
import pytest

from comply.cli.commands import comply


def every(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from every(command, (*path, name))


def found(path: tuple[str, ...]) -> click.Command:
    command: click.Command = comply
    for name in path:
        assert isinstance(command, click.Group)
        inner = command.get_command(click.Context(command), name)
        assert inner is not None
        command = inner
    return command


COMMANDS = [(), *every(comply, ())]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_teaches(path: tuple[str, ...]) -> None:
    command = found(path)
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert [o.name for o in options if not o.help] == []
    with click.Context(command, info_name=" ".join(("comply", *path))) as context:
        text = command.get_help(context)
        listed = text.partition("Commands:")[2]
    assert "..." not in listed
    assert "comply " in text.partition("\n")[2], "an example of how it is called"
