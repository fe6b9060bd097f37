"""Comments to annotations: the `# METADATA` blocks before packages and rules.

Format: https://www.openpolicyagent.org/docs/policy-language#metadata.
"""

from comply.rego.cursor import ParseError
from comply.rego.lexer import Tokens
from comply.rego.syntax import Annotation, Comment, Rule


def read_annotations(
    tokens: Tokens, package_at: int, rules: list[Rule]
) -> tuple[tuple[Annotation, ...], list[ParseError]]:
    """Return the annotations in a module's comments, and what is wrong with them."""
    if not any(comment.text.strip() == "METADATA" for comment in tokens.comments):
        return (), []
    return (), []
