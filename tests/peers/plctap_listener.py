#!/usr/bin/env python3
"""The responder of the registry package plctap (MIT) on loopback: reads answer zeros, faults in turn.

usage: plctap_listener.py fins|modbus [FAULT,FAULT...]
faults: fins end_code, bad_length, garbage; modbus exception, bad_length, truncate, garbage
Prints its port, then answers until it is killed.
"""

import asyncio
import sys

from plctap.listener import ListenerRegistry

IDLE_S = 120


async def main():
    protocol, faults = sys.argv[1], sys.argv[2:]
    mode = "inject_errors" if faults else "respond_normal"
    listeners = ListenerRegistry()
    listener = await listeners.start(
        protocol, "127.0.0.1", 0, mode, IDLE_S, faults[0].split(",") if faults else None
    )
    print(listener["port"], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
