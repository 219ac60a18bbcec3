//! Whatever a Modbus device may answer, through the library and our driver, over a real loopback
//! connection. A value is taken only from an answer that is right to the byte.
//! Leaves out time-outs: the device closes its end after the last byte.
#![no_main]

use std::cell::RefCell;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use millrace_field::plc::modbus::ModbusTcp;
use millrace_field::plc::net::Machine;
use millrace_field::plc::{DriverConfig, PlcDriver, PlcError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// Where words are read and written.
const ADDR: u16 = 6_000;
/// The word that is written.
const WORD: u16 = 0x1234;
/// Longer answers than two of the longest tell nothing new.
const LONGEST: usize = 600;

/// The device's port and what drives both ends.
struct Bench {
    runtime: Runtime,
    listener: TcpListener,
    config: DriverConfig,
}

impl Bench {
    fn start() -> Bench {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .expect("a free port");
        let address = listener.local_addr().expect("bound");
        Bench {
            runtime,
            listener,
            config: DriverConfig::modbus_tcp(address),
        }
    }

    /// Both ends at once, on one thread: no input waits for another.
    fn run<T>(&self, answer: &[u8], cut: usize, ours: impl Future<Output = T>) -> T {
        let device = async {
            let (mut socket, _) = self.listener.accept().await.expect("asked");
            let mut request = [0; 12];
            socket.read_exact(&mut request).await.expect("a request");
            let (first, rest) = answer.split_at(cut.min(answer.len()));
            for part in [first, rest] {
                // The driver may have closed already; then nobody reads the rest.
                if socket.write_all(part).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            let _closed = socket.shutdown().await;
            // Read to the driver's own end, so that it is the driver that goes last.
            let _end = socket.read(&mut [0; 64]).await;
        };
        let (mut device, mut ours) = (Box::pin(device), Box::pin(ours));
        let mut is_device_done = false;
        self.runtime.block_on(std::future::poll_fn(|cx| {
            if !is_device_done && device.as_mut().poll(cx).is_ready() {
                is_device_done = true;
            }
            ours.as_mut().poll(cx)
        }))
    }
}

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::new(Bench::start());
}

fuzz_target!(|input: &[u8]| {
    let Some(([mode, cut], answer)) = input.split_first_chunk::<2>() else {
        return;
    };
    let answer = &answer[..answer.len().min(LONGEST)];
    BENCH.with_borrow(|bench| {
        let mut driver =
            ModbusTcp::new(&bench.config, Arc::new(Machine)).expect("a right configuration");
        if *mode == 0 {
            let write = driver.write(ADDR, &[WORD]);
            is_written(answer, bench.run(answer, usize::from(*cut), write));
        } else {
            let count = u16::from(mode % 125) + 1;
            let read = driver.read(ADDR, count);
            is_read(answer, count, bench.run(answer, usize::from(*cut), read));
        }
    });
});

/// The bytes of the one right answer before its data, for the first request of a connection.
fn right(function: u8, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len() + 2).expect("below one frame");
    [&[0, 0, 0, 0, 0, length, 255, function], data].concat()
}

fn is_read(answer: &[u8], count: u16, result: Result<Vec<u16>, PlcError>) {
    let Ok(words) = result else { return };
    assert_eq!(words.len(), usize::from(count), "as many as asked for");
    let mut data = vec![u8::try_from(2 * count).expect("at most 250")];
    data.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    assert!(
        answer.starts_with(&right(3, &data)),
        "a value of a wrong answer"
    );
}

fn is_written(answer: &[u8], result: Result<(), PlcError>) {
    if result.is_ok() {
        let data = [ADDR.to_be_bytes(), 1_u16.to_be_bytes()].concat();
        assert!(
            answer.starts_with(&right(16, &data)),
            "a write that was not said to be done"
        );
    }
}
