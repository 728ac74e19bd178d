"""The operator's door into a running switch: a Unix socket in the state folder.

One connection asks one thing, in one line of JSON: `{"command": "status", "arguments": {}}`. The
answer is one line, `{"result": …}` or `{"error": "…"}`; a stream answers with a line
`{"item": …}` for each thing it has to tell, until either side closes. Who may open the socket is
decided by its file mode: the switch's own user and nobody else.
"""

from freiton.control.broadcast import Broadcast
from freiton.control.client import ControlClient, ControlError, SwitchNotRunning
from freiton.control.server import Command, ControlServer, Stream
from freiton.control.state_lock import StateLock

SOCKET_NAME = "control.sock"

__all__ = [
    "SOCKET_NAME",
    "Broadcast",
    "Command",
    "ControlClient",
    "ControlError",
    "ControlServer",
    "StateLock",
    "Stream",
    "SwitchNotRunning",
]
