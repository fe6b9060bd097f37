"""Laws of encodings and documents: what is written reads back, whatever it is."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from comply.plan.builtins import (
    encoding,
    json_documents,
    json_text,
    urls,
    yaml_output,
    yaml_text,
)
from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.float_text import json_float_text, yaml_float_text
from comply.plan.builtins.octets import printable, quoted, to_octets, to_text
from comply.plan.values import NumberLiteral, RegoSet, Value, equal, number_text

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.binary(max_size=40))
def test_every_byte_survives_a_string(octets: bytes) -> None:
    assert to_octets(to_text(octets)) == octets


@given(st.binary(max_size=40))
def test_base64_and_hex_are_inverses(octets: bytes) -> None:
    text = to_text(octets)
    assert encoding.decode_base64(encoding.encode_base64(text)) == text
    assert encoding.decode_base64url(encoding.encode_base64url(text)) == text
    assert encoding.decode_base64url(encoding.encode_base64url_no_pad(text)) == text
    assert encoding.decode_hex(encoding.encode_hex(text)) == text


def test_digests_of_decoded_bytes_see_the_bytes() -> None:
    assert encoding.encode_hex(encoding.decode_base64("gIE=")) == "8081"


@given(st.text(max_size=20))
def test_printable_text_is_unicode(text: str) -> None:
    assert printable(text).encode().decode() == printable(text)
    assert quoted(text).isascii()


@given(texts)
def test_queries_are_inverses(text: str) -> None:
    assert urls.decode(urls.encode(text)) == text


@given(st.dictionaries(texts, st.lists(texts, min_size=1, max_size=3), max_size=4))
def test_query_objects_are_inverses(value: dict[str, list[str]]) -> None:
    assert urls.decode_object(urls.encode_object(value)) == value


@given(documents)
def test_json_reads_back(value: Value) -> None:
    assert equal(json_text.unmarshal(json_text.marshal(value)), value)
    indented = json_text.marshal_with_options(value, {"indent": "  "})
    assert equal(json_text.unmarshal(indented), value)


@given(documents)
def test_json_is_what_any_reader_takes(value: Value) -> None:
    assert json.loads(json_text.marshal(value)) == value


@given(texts.filter(lambda text: "\x85" not in text))
@example("a\nb")
@example("yes")
@example("1_0")
@example("\ufeff")
@example(" a: b")
@example("<<")
def test_yaml_strings_read_back(text: str) -> None:
    if any(c < " " and c not in "\t\n" for c in text) or "\u2028" in text:
        return
    if "\u2029" in text or text == "<<" or any(c > "\uffff" for c in text):
        return
    assert yaml_text.unmarshal(yaml_output.marshal([text])) == [text]


yaml_words = st.text("abc :-#", min_size=1, max_size=8)
yaml_documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | yaml_words,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(yaml_words, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(yaml_documents)
def test_yaml_reads_back(value: Value) -> None:
    assert equal(yaml_text.unmarshal(yaml_output.marshal(value)), value)


def test_yaml_bombs_are_refused_early() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(BuiltinError, match="excessive aliasing"):
        yaml_text.unmarshal("\n".join(lines))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_deep_nesting_is_an_error(text: str) -> None:
    with pytest.raises(BuiltinError):
        json_text.unmarshal(text)
    with pytest.raises(BuiltinError):
        yaml_text.unmarshal(text)


def test_numbers_keep_their_literal() -> None:
    value = json_text.unmarshal("[1e3, 1.50, -0, 0.1, 12345678901234567890123]")
    assert [number_text(v) for v in value] == [
        "1e3",
        "1.50",
        "-0",
        "0.1",
        "12345678901234567890123",
    ]
    assert json_text.marshal(value) == "[1e3,1.50,-0,0.1,12345678901234567890123]"
    huge = json_text.unmarshal("9" * 5000)
    assert huge > 10**4000


def test_keys_that_are_no_strings_print_as_their_json() -> None:
    value = {1: 2, (1, None): 3, NumberLiteral("1.50"): 4}
    assert json_text.marshal(value) == '{"1":2,"1.50":4,"[1,null]":3}'


def test_sets_are_arrays() -> None:
    assert json_text.marshal(RegoSet([2, 1])) == "[1,2]"
    assert yaml_output.marshal(RegoSet([2, 1])) == "- 1\n- 2\n"
    assert urls.encode_object({"a": RegoSet(["z", "y"])}) == "a=y&a=z"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_float_texts_read_back(value: float) -> None:
    assert float(json_float_text(value)) == value
    assert float(yaml_float_text(value)) == value


@given(texts, texts)
def test_natural_order_is_antisymmetric(a: str, b: str) -> None:
    assert yaml_output.natural_order(a, b) == -yaml_output.natural_order(b, a)


def test_natural_order_counts() -> None:
    names = ["a10", "a9", "a01", "a1", "b", "B", "1", "_"]
    assert yaml_output.marshal(dict.fromkeys(names, 1)).split()[::2] == [
        "_:",
        '"1":',
        "B:",
        "a1:",
        "a01:",
        "a9:",
        "a10:",
        "b:",
    ]


objects = st.dictionaries(st.sampled_from("abc"), documents, max_size=3)


@given(objects)
def test_adding_and_removing_leaves_the_document(document: dict[str, Any]) -> None:
    patch = [
        {"op": "add", "path": "/new", "value": [1]},
        {"op": "test", "path": "/new/0", "value": 1},
        {"op": "remove", "path": "/new"},
    ]
    assert equal(json_documents.patch(document, patch), document)


@given(objects)
def test_moving_there_and_back_leaves_the_document(document: dict[str, Any]) -> None:
    whole = {"from": document}
    there = {"op": "move", "from": "/from", "path": "/to"}
    back = {"op": "move", "from": "/to", "path": "/from"}
    assert equal(json_documents.patch(whole, [there, back]), whole)


@given(objects)
def test_patching_changes_no_operand(document: dict[str, Any]) -> None:
    before = json_text.marshal(document)
    json_documents.patch(document, [{"op": "add", "path": "/z", "value": 1}])
    assert json_text.marshal(document) == before


@given(objects, st.sampled_from(["a", "b", "a/b", "c/0"]))
def test_filtering_and_removing_are_idempotent(
    document: dict[str, Any], path: str
) -> None:
    kept = json_documents.keep(document, [path])
    assert equal(json_documents.keep(kept, [path]), kept)
    left = json_documents.remove(document, [path])
    removed_from_array = "0" in path and isinstance(document.get("c"), list)
    if not removed_from_array:
        assert equal(json_documents.remove(left, [path]), left)


def test_sets_have_paths() -> None:
    document = {"a": RegoSet([[1], "x"])}
    patched = json_documents.patch(
        document,
        [
            {"op": "add", "path": ["a", [1], "-"], "value": 2},
            {"op": "remove", "path": "/a/x"},
            {"op": "add", "path": ["a", "y"], "value": "y"},
        ],
    )
    assert equal(patched, {"a": RegoSet([[1, 2], "y"])})
    kept = json_documents.keep(document, [["a", [1], "0"]])
    assert equal(kept, {"a": RegoSet([[1]])})
    left = json_documents.remove(document, RegoSet(["a/x"]))
    assert equal(left, {"a": RegoSet([[1]])})


@pytest.mark.parametrize(
    ("document", "operation", "message"),
    [
        ({"a": 1}, {"op": "remove", "path": ""}, "cannot delete the root"),
        (RegoSet([1]), {"op": "remove", "path": ["x"]}, "does not exist"),
        (RegoSet([1]), {"op": "test", "path": ["x"], "value": 1}, "set term {1}"),
        (RegoSet(), {"op": "add", "path": ["x"], "value": 1}, "does not equal"),
        (1, {"op": "remove", "path": "/a"}, "expected composite type"),
    ],
)
def test_patches_that_cannot_be_done(
    document: Value, operation: dict[str, Any], message: str
) -> None:
    with pytest.raises(BuiltinError, match=message):
        json_documents.patch(document, [operation])
