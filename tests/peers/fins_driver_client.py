#!/usr/bin/env python3
"""A client of the registry package fins-driver (MIT), over UDP: writes, when words are given, and
reads.

usage: fins_driver_client.py PORT ADDRESS COUNT [WORDS]
WORDS and the answer are JSON lists.
"""

import json
import struct
import sys

from fins import FinsClient

GOOD = b"\x00\x00"


def main():
    port, address, count = map(int, sys.argv[1:4])
    client = FinsClient(host="127.0.0.1", port=port, timeout=3)
    client.da1, client.sa1 = 2, 1
    client.connect()
    if len(sys.argv) > 4:
        words = json.loads(sys.argv[4])
        data = struct.pack(f">{len(words)}H", *words)
        written = client.memory_area_write(f"D{address}", data, len(words))
        if written.code != GOOD:
            sys.exit(f"write: end code {written.code.hex()}")
    read = client.memory_area_read(f"D{address}", count)
    if read.code != GOOD:
        sys.exit(f"read: end code {read.code.hex()}")
    print(json.dumps(list(struct.unpack(f">{count}H", read.raw_data))))


main()
