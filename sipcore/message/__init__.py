"""SIP messages: characters to values and back. Knows no time, no transaction, no socket."""

from sipcore.message.address import NameAddress
from sipcore.message.cseq import CSeq
from sipcore.message.message import Message, Request, Response, serialize
from sipcore.message.parse import parse_message
from sipcore.message.uri import OtherUri, SipUri, TelUri, Uri, parse_uri
from sipcore.message.via import Via

__all__ = [
    "CSeq",
    "Message",
    "NameAddress",
    "OtherUri",
    "Request",
    "Response",
    "SipUri",
    "TelUri",
    "Uri",
    "Via",
    "parse_message",
    "parse_uri",
    "serialize",
]
