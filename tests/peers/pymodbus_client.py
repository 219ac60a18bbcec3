#!/usr/bin/env python3
"""A client of the registry package pymodbus (BSD): writes, when words are given, and reads.

usage: pymodbus_client.py PORT ADDRESS COUNT [WORDS]
WORDS and the answer are JSON lists.
"""

import json
import sys

from pymodbus.client import ModbusTcpClient


def main():
    port, address, count = map(int, sys.argv[1:4])
    with ModbusTcpClient("127.0.0.1", port=port, retries=0, timeout=3) as client:
        if len(sys.argv) > 4:
            written = client.write_registers(address, json.loads(sys.argv[4]), device_id=1)
            if written.isError():
                sys.exit(f"write: {written}")
        read = client.read_holding_registers(address, count=count, device_id=1)
        if read.isError():
            sys.exit(f"read: {read}")
        print(json.dumps(read.registers))


main()
