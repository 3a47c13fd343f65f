"""A scanner to be killed: starts a decoder, prints its children's ids, and lets one of them spin."""

import sys

import numpy as np
import psutil

from kiosk.scanning.worker import Decoder, DecoderLimits
from tests.kiosk.scanning.misbehaving_child import Misdeed

if __name__ == "__main__":
    decoder = Decoder(DecoderLimits(live_seconds=600), child_module="tests.kiosk.scanning.misbehaving_child")
    decoder.decode(np.full((8, 8), 200, np.uint8))
    print(*(each.pid for each in psutil.Process().children()))
    sys.stdout.flush()
    decoder.decode(np.full((8, 8), Misdeed.HANG, np.uint8))
