"""With this folder on PYTHONPATH a Python process may talk to its own machine only; what else it asks for is refused.

`make test` runs the chapters so. An audit hook cannot be taken back by the code that it watches.
"""

import sys

LOCAL = {"localhost", "0.0.0.0", "::", "::1", "", None}


class OutsideConnection(OSError):
    """Something asked for another host."""


def refuse(event, args):
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(args[1], tuple):
        host = args[1][0]  # a tuple: an internet address; the others are files on this machine
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in LOCAL and not host.startswith("127."):
        raise OutsideConnection(f"{event}: {host} is outside this machine; a chapter works without any network")


sys.addaudithook(refuse)
