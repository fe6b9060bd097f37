"""Terraform's functions that encode, decode, hash and read files."""

import base64
import csv
import hashlib
import io
import json
import posixpath
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final
from urllib.parse import quote_plus

from comply.load.terraform_source.values import TerraformValue, text_of

_ESCAPED: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def _to_json(value: TerraformValue) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    for sign, escaped in _ESCAPED.items():
        text = text.replace(sign, escaped)
    return text


def _from_json(text: str) -> TerraformValue:
    return json.loads(text)


def _from_yaml(text: str) -> TerraformValue:
    return import_module("comply.plan.builtins.yaml_text").read_yaml(text)


def _encode(text: str) -> str:
    return base64.b64encode(text_of(text).encode()).decode()


def _decode(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


def _url(text: str) -> str:
    return quote_plus(text_of(text))


def _rows(text: str) -> list[dict[str, str]]:
    return [dict(row) for row in csv.DictReader(io.StringIO(text))]


def _hashed(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text_of(text).encode()).hexdigest()


def _hashed_base64(name: str) -> Callable[[str], str]:
    def run(text: str) -> str:
        digest = hashlib.new(name, text_of(text).encode()).digest()
        return base64.b64encode(digest).decode()

    return run


def _same(text: str) -> str:
    return text


def _exists(_text: str) -> bool:
    return True


ENCODING: Final[dict[str, Callable[..., Any]]] = {
    "base64decode": _decode,
    "base64encode": _encode,
    "base64sha256": _hashed_base64("sha256"),
    "base64sha512": _hashed_base64("sha512"),
    "basename": posixpath.basename,
    "csvdecode": _rows,
    "dirname": posixpath.dirname,
    "jsondecode": _from_json,
    "jsonencode": _to_json,
    "md5": _hashed("md5"),
    "sha1": _hashed("sha1"),
    "sha256": _hashed("sha256"),
    "sha512": _hashed("sha512"),
    "urlencode": _url,
    "yamldecode": _from_yaml,
}

FILES: Final[dict[str, Callable[[str], Any]]] = {
    "file": _same,
    "filebase64": _encode,
    "filebase64sha256": _hashed_base64("sha256"),
    "filebase64sha512": _hashed_base64("sha512"),
    "fileexists": _exists,
    "filemd5": _hashed("md5"),
    "filesha1": _hashed("sha1"),
    "filesha256": _hashed("sha256"),
    "filesha512": _hashed("sha512"),
}
