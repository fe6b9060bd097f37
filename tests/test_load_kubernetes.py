"""Manifests in YAML and JSON, several in a file, each a document with its place."""

from pathlib import Path

import pytest

from comply.load import load
from comply.load.facts import Document, facts
from comply.load.kubernetes import identity
from comply.source import LoadError, Source

FIXTURE = Path(__file__).parents[1] / "fixtures/load/kubernetes/shop.yaml"

POD_LIST = """{"apiVersion": "v1", "kind": "PodList", "items": [
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}]}"""


def loaded(text: str, name: str = "a.yaml") -> list[Document]:
    return load(Source(name, text), "kubernetes")


def test_each_manifest_is_a_document() -> None:
    documents = loaded(FIXTURE.read_text(), "shop.yaml")
    assert [f.identity for d in documents for f in facts(d)] == [
        "v1/Namespace/shop",
        "apps/v1/Deployment/shop/web",
        "v1/Pod/job-",
    ]
    container = documents[1].value["spec"]["template"]["spec"]["containers"][0]
    assert container["securityContext"] == {"privileged": True}


def test_places_in_lists_and_later_documents() -> None:
    _, web, pod = loaded(FIXTURE.read_text(), "shop.yaml")
    span = web.locate(("spec", "template", "spec", "containers", 0, "name"))
    assert str(span) == "shop.yaml:19:15"
    assert span is not None
    assert span.line == "            - name: web"
    assert str(pod.locate(())) == "shop.yaml:24:9"


@pytest.mark.parametrize(
    "text",
    [
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}',
        POD_LIST,
        "{apiVersion: v1, kind: Pod, metadata: {name: a}}",
        "--- {apiVersion: v1, kind: Pod, metadata: {name: a}}",
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}\n---\n',
    ],
)
def test_notations(text: str) -> None:
    [document] = loaded(text)
    assert identity(document.value) == "v1/Pod/a"
    assert document.locate(("metadata", "name")) is not None


def test_json_manifests_one_after_the_other() -> None:
    one = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"}}\n'
    a, b = loaded(one % "a" + one % "b", "a.json")
    assert identity(b.value) == "v1/Pod/b"
    assert str(a.locate(("kind",))) == "a.json:1:22"
    assert str(b.locate(("kind",))) == "a.json:2:22"


@pytest.mark.parametrize("text", ["", "# c\n", "---\n---\n", "a: 1\n", "- 1\n", "x"])
def test_nothing_is_no_manifest(text: str) -> None:
    assert loaded(text) == []


def test_odd_metadata_still_has_an_identity() -> None:
    assert identity({"apiVersion": "v1", "kind": "Pod"}) == "v1/Pod/(unnamed)"
    assert (
        identity({"apiVersion": "v1", "kind": "Pod", "metadata": [1]})
        == "v1/Pod/(unnamed)"
    )


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("apiVersion: v1\nkind: Pod\n---\nkind: Pod\n", "4:1", "no `apiVersion`"),
        (
            "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n",
            "4:3",
            "this item of a list",
        ),
        ("apiVersion: v1\nkind: Pod\nkind: Pod\n", "3:1", "stands twice"),
        ('{"apiVersion": "v1", "kind": ', "1:28", "truncated"),
    ],
)
def test_refusals(text: str, place: str, message: str) -> None:
    with pytest.raises(LoadError, match=message) as caught:
        loaded(text)
    assert str(caught.value.span) == f"a.yaml:{place}"


def test_data_of_any_shape() -> None:
    [document] = load(Source("a.json", '{"run": {"id": 1}}'), "json")
    assert (document.world, document.value) == ("data", {"run": {"id": 1}})
    assert [f.identity for f in facts(document)] == [""]
    first, second = load(Source("a.yaml", "a: 1\n---\n---\n- b\n"), "yaml")
    assert (first.value, second.value) == ({"a": 1}, ["b"])
    assert str(second.locate((0,))) == "a.yaml:4:3"
    assert [f.value for f in facts(second)] == [["b"]]


def test_an_unknown_kind() -> None:
    with pytest.raises(LoadError, match="no kind 'xml'") as caught:
        load(Source("a", ""), "xml")
    assert "kubernetes" in caught.value.hint
