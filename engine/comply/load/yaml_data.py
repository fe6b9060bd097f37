"""SOURCE -> DOCUMENTS: any YAML values, for rules that know what to expect."""

from comply.load.facts import Collection, Document
from comply.load.yaml_text import places, read_yaml
from comply.plan.values import Value
from comply.source import Source


def load(source: Source) -> list[Document]:
    """Return the documents of a YAML file, read as Kubernetes reads YAML.

    Raises:
        LoadError: if the text is no YAML.
    """
    return [
        Document(
            name=source.name,
            kind="yaml",
            world="data",
            value=value,
            collections=(Collection((), _whole),),
            locate=places(source, start),
        )
        for start, value in read_yaml(source)
        if value is not None
    ]


def _whole(_value: Value) -> str:
    return ""
