"""SOURCE -> DOCUMENT: any JSON or YAML value, for rules that know what to expect."""

from comply.load.facts import Collection, Document
from comply.load.json_text import places, read_json
from comply.plan.values import Value
from comply.source import Source


def load(source: Source) -> list[Document]:
    """Return the one document of a JSON file.

    Raises:
        LoadError: if the text is no JSON.
    """
    return [
        Document(
            name=source.name,
            kind="json",
            world="data",
            value=read_json(source),
            collections=(Collection((), _whole),),
            locate=places(source),
        )
    ]


def _whole(_value: Value) -> str:
    return ""
