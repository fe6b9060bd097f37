"""Relations of facts: what an assertion may read of plans, manifests and schemas.

Names follow Oracle's rules, so that an assertion reads the same for facts as for
tables. The owner of an object whose script names none is COMPLY. Text is never empty,
but NULL. `after`, `before`, `manifest` and the like are JSON: use JSON_VALUE.
"""

from typing import Final

from comply.sql.catalog import Catalog
from comply.sql.kubernetes_relations import KUBERNETES
from comply.sql.oracle_relations import ORACLE
from comply.sql.terraform_relations import TERRAFORM

RELATIONS: Final = (*TERRAFORM, *KUBERNETES, *ORACLE)
BY_NAME: Final = {r.stored_name: r for r in RELATIONS}


def catalog() -> Catalog:
    """Return the relations as a catalog that names are looked up in."""
    return Catalog(
        {r.stored_name: {f.name.upper(): f.kind for f in r.fields} for r in RELATIONS}
    )
