"""A PostgreSQL of the tests' own, on a loopback port, gone when the tests are."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "comply"
SECRET = "elephant-Memory_7"  # noqa: S105  (of a server of our own)


@dataclass(frozen=True)
class Postgres:
    """A running server; its superuser is `comply`."""

    port: int

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs, None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    return Path(path).resolve().parent if path else None


def _as_server() -> list[str]:
    """What runs a program as somebody else than root, whom PostgreSQL refuses."""
    if os.getuid() != 0:
        return []
    pwd.getpwnam("postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


@contextmanager
def running(programs: Path) -> Iterator[Postgres]:
    """Run a server until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "secret").write_text(SECRET)
        prefix = _as_server()
        if prefix:
            for path in (folder, folder / "secret"):
                shutil.chown(path, "postgres")
        data = str(folder / "data")

        def call(program: str, *arguments: str) -> None:
            subprocess.run(
                [*prefix, str(programs / program), *arguments],
                check=True,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

        secret = f"--pwfile={folder / 'secret'}"
        call("initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", secret, "-N")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {name} -F"
        call("pg_ctl", "-D", data, "-o", options, "-w", "start")
        try:
            yield Postgres(port)
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
