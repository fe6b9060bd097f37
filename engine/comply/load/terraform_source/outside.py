"""What a root module is given from outside its folder: variables and the workspace."""

from pathlib import Path

from comply.classes import dataclass, field

PREFIX = "TF_VAR_"
"""How the names of environment variables begin that Terraform takes for its own."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Values for the variables of root modules, and the workspace if it is known.

    `environment` has the texts of TF_VAR_ variables by the name after that; `asked` has
    in order what -var and -var-file of Terraform would be given, as NAME=VALUE or a path.
    """

    environment: dict[str, str] = field(default_factory=dict)
    asked: tuple[str | Path, ...] = ()
    workspace: str = ""


NOTHING = Outside()
