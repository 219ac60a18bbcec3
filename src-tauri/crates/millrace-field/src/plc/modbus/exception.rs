//! The Modbus exception: how a PLC says no, with the specification's meanings.
//! Leaves out what a caller does about it.

/// A Modbus exception code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception(pub u8);

impl Exception {
    /// The specification's meaning.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self.0 {
            0x01 => "function not supported",
            0x02 => "register address out of range",
            0x03 => "value or number of registers not allowed",
            0x04 => "the device failed while it carried the request out",
            0x05 => "accepted, still being carried out",
            0x06 => "device busy",
            0x08 => "memory parity error",
            0x0A => "gateway: no path to the device",
            0x0B => "gateway: the device does not answer",
            _ => "unknown exception",
        }
    }

    /// A write answered so may have been carried out all the same. Only where the specification
    /// rules that out is it certain: nothing of the request was begun.
    #[must_use]
    pub fn leaves_write_unknown(self) -> bool {
        !matches!(self.0, 0x01 | 0x02 | 0x03 | 0x06 | 0x0A)
    }

    /// True for what passes by itself: busy, still at work, a path that is down.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self.0, 0x05 | 0x06 | 0x0A | 0x0B)
    }
}
