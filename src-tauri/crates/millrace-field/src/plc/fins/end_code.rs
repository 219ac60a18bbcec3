//! The FINS end code: how a PLC says what became of a command, with the maker's meanings.
//! Leaves out what a caller does about it.

use serde::Serialize;

/// A FINS end code: the result proper in the mask 7F3F, three flags beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EndCode(pub u16);

impl EndCode {
    /// The result without the flags; 0 is success.
    #[must_use]
    pub fn code(self) -> u16 {
        self.0 & 0x7F3F
    }

    /// The command was carried out.
    #[must_use]
    pub fn is_ok(self) -> bool {
        self.code() == 0
    }

    /// The CPU reports an error that does not stop it, for example a weak battery.
    #[must_use]
    pub fn cpu_warning(self) -> bool {
        self.0 & 0x0040 != 0
    }

    /// The CPU has stopped on an error: values are not to be used.
    #[must_use]
    pub fn cpu_fatal(self) -> bool {
        self.0 & 0x0080 != 0
    }

    /// A relay between the networks reports an error.
    #[must_use]
    pub fn relay_error(self) -> bool {
        self.0 & 0x8000 != 0
    }

    /// A write answered so may have been carried out all the same: lost behind a relay, cancelled
    /// or aborted half-way.
    #[must_use]
    pub fn leaves_write_unknown(self) -> bool {
        matches!(self.code(), 0x0001 | 0x0103 | 0x0205 | 0x4001)
    }

    /// The maker's meaning of the result.
    #[must_use]
    pub fn text(self) -> &'static str {
        let code = self.code();
        END_CODES
            .iter()
            .find(|(known, _)| *known == code)
            .map_or("unknown end code", |(_, text)| text)
    }
}

const END_CODES: &[(u16, &str)] = &[
    (0x0000, "normal completion"),
    (0x0001, "service cancelled"),
    (0x0101, "local node not in network"),
    (0x0102, "token timeout"),
    (0x0103, "retries failed / send error"),
    (0x0104, "too many send frames"),
    (0x0105, "node address range error"),
    (0x0106, "node address duplication"),
    (0x0201, "destination node not in network"),
    (0x0202, "unit missing"),
    (0x0203, "third node missing"),
    (0x0204, "destination node busy"),
    (0x0205, "response timeout"),
    (0x0301, "communications controller error"),
    (0x0302, "CPU unit error"),
    (0x0303, "controller error"),
    (0x0304, "unit number error"),
    (0x0401, "undefined command"),
    (0x0402, "not supported by this model or version"),
    (0x0501, "destination address not in routing table"),
    (0x0502, "no routing tables"),
    (0x0503, "routing table error"),
    (0x0504, "too many relays"),
    (0x1001, "command too long"),
    (0x1002, "command too short"),
    (0x1003, "number of elements and data do not match"),
    (0x1004, "command format error"),
    (0x1005, "header error (often wrong node address)"),
    (0x1101, "memory area code missing or not available"),
    (0x1102, "access size error"),
    (0x1103, "first address out of range"),
    (0x1104, "end address out of range"),
    (0x1106, "program missing"),
    (0x1109, "relational error"),
    (0x110A, "duplicate data access"),
    (0x110B, "response too long"),
    (0x110C, "parameter error"),
    (0x2002, "read not possible: protected"),
    (0x2003, "read not possible: table missing"),
    (0x2004, "read not possible: data missing"),
    (0x2005, "read not possible: program missing"),
    (0x2006, "read not possible: file missing"),
    (0x2007, "read not possible: data mismatch"),
    (0x2101, "write not possible: read only"),
    (0x2102, "write not possible: protected"),
    (0x2103, "write not possible: cannot register"),
    (0x2105, "write not possible: program missing"),
    (0x2106, "write not possible: file missing"),
    (0x2107, "write not possible: file name exists"),
    (0x2108, "write not possible: cannot change"),
    (0x2201, "not executable: service running"),
    (0x2202, "not executable: stopped"),
    (0x2203, "not executable: wrong mode (PROGRAM)"),
    (0x2204, "not executable: wrong mode (DEBUG)"),
    (0x2205, "not executable: wrong mode (MONITOR)"),
    (0x2206, "not executable: wrong mode (RUN)"),
    (0x2301, "file device missing"),
    (0x2302, "memory missing"),
    (0x2303, "clock missing"),
    (0x2401, "table missing"),
    (0x2502, "unit: memory error"),
    (0x2503, "unit: I/O setting error"),
    (0x2504, "unit: too many I/O points"),
    (0x2505, "unit: CPU bus error"),
    (0x2506, "unit: I/O duplication"),
    (0x2507, "unit: I/O bus error"),
    (0x250A, "unit: CPU bus unit error"),
    (0x2601, "command error: no protection"),
    (0x2602, "command error: wrong password"),
    (0x2604, "command error: protected"),
    (0x2605, "command error: service already running"),
    (0x2606, "command error: service stopped"),
    (0x2607, "command error: no execution right"),
    (0x2608, "command error: settings not complete"),
    (0x2609, "command error: necessary items not set"),
    (0x260A, "command error: number already defined"),
    (0x260B, "command error: error will not clear"),
    (0x3001, "no access right"),
    (0x4001, "service aborted"),
];
