#!/usr/bin/env python3
"""A plain server of the registry package pymodbus (BSD) on loopback: holding registers 0 to 1999.

usage: pymodbus_peer.py
Prints its port, then answers until it is killed.
"""

import asyncio

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

REGISTERS = 2000


async def main():
    memory = SimData(0, count=REGISTERS, values=0, datatype=DataType.REGISTERS)
    # Device 0 answers for every unit.
    device = SimDevice(id=0, simdata=[memory])
    server = ModbusTcpServer(device, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    print(server.transport.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
