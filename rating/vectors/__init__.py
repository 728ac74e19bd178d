"""Rating vectors: calls and what they must cost, in a form that no rating system owns."""

from rating.vectors.answer_call import CONCURRENCY_LIMIT, answer_call_vector
from rating.vectors.call_input import CallInput, read_call_input
from rating.vectors.call_output import CallAnswer, CallRefused
from rating.vectors.differences import find_differences
from rating.vectors.envelope import (
    LINE_BYTES_MAX,
    VECTORS_MAX,
    LineProblem,
    Vector,
    read_vectors,
)
from rating.vectors.exact_text import read_number, write_number
from rating.vectors.json_object import Keys, TextForm, parse_object

__all__ = [
    "CONCURRENCY_LIMIT",
    "LINE_BYTES_MAX",
    "VECTORS_MAX",
    "CallAnswer",
    "CallInput",
    "CallRefused",
    "Keys",
    "LineProblem",
    "TextForm",
    "Vector",
    "answer_call_vector",
    "find_differences",
    "parse_object",
    "read_call_input",
    "read_number",
    "read_vectors",
    "write_number",
]
