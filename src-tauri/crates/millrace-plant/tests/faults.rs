//! Faults over real sockets: what each driver makes of a bad network and of a PLC in trouble, and the
//! control routes. Leaves out what the words say (`plc` beside this file).

use std::net::SocketAddr;
use std::time::Duration;

use millrace_field::plc::{DriverConfig, LinkState, PlcError, PlcHandle, open};
use millrace_plant::fault::{FaultsView, Level, WireFaults, WireKind};
use millrace_plant::{FaultSwitch, PlantConfig, RunningPlant, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Short, so that a lost frame costs a test little; loopback answers within a millisecond.
const TIMEOUT_MS: u64 = 50;

async fn plant() -> RunningPlant {
    let free = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    start(PlantConfig {
        fins_tcp: free,
        modbus: free,
        speed: 0.0,
        ..PlantConfig::default()
    })
    .await
    .expect("free loopback ports")
}

/// A handle whose session ends with the second value.
type Driver = (PlcHandle, watch::Sender<bool>);

fn drivers(plant: &RunningPlant) -> [Driver; 3] {
    [
        DriverConfig::fins_udp(plant.fins(), 1, 2),
        DriverConfig::fins_tcp(plant.fins_tcp().expect("listens")),
        DriverConfig::modbus_tcp(plant.modbus().expect("listens")),
    ]
    .map(|mut config| {
        config.timeout_ms = TIMEOUT_MS;
        config.read_retries = 3;
        let (handle, session) = open(config).expect("valid");
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(session.run(stopped));
        (handle, stop)
    })
}

fn switch(plant: &RunningPlant, switch: &FaultSwitch) {
    plant.board().set(switch).expect("such a fault");
}

fn count(plant: &RunningPlant, key: &str) -> u64 {
    let view = plant.board().view();
    view.faults.iter().find(|f| f.key == key).expect(key).count
}

/// Writes and reads back under a bad network. Every answer is right or an error; a write that
/// was answered well stands in memory, one that was refused as not done does not.
async fn hammer(plant: &RunningPlant, driver: &PlcHandle, rounds: u16) -> u32 {
    let mut answered = 0;
    for round in 1..=rounds {
        let words = [round, round ^ 0x5A5A, 42];
        let before = plant
            .with_plant(|p| p.read_words(20_000, 3))
            .expect("inside");
        let written = driver.write(20_000, &words).await;
        let after = plant
            .with_plant(|p| p.read_words(20_000, 3))
            .expect("inside");
        match &written {
            Ok(()) => assert_eq!(after, words, "{}: answered", driver.describe()),
            Err(error) if error.outcome_unknown() => {
                assert!(after == words || after == before, "{error}");
            }
            Err(_) => {}
        }
        if let Ok(read) = driver.read(20_000, 3).await {
            assert_eq!(read, after, "{}: round {round}", driver.describe());
            answered += 1;
        }
    }
    answered
}

#[tokio::test]
async fn no_driver_takes_a_wrong_value_from_a_bad_network() {
    for kind in WireKind::ALL {
        // A wrong payload bit is the one thing that no driver can see.
        if kind == WireKind::GarblePayload {
            continue;
        }
        let plant = plant().await;
        plant.with_plant(|p| {
            p.wire_mut().set_rate(kind, 150);
            p.wire_mut().set_delay_max_ms(90);
        });
        let drivers = drivers(&plant);
        for (driver, _session) in &drivers {
            let answered = hammer(&plant, driver, 12).await;
            assert!(answered >= 6, "{kind:?}, {}: {answered}", driver.describe());
        }
        assert!(plant.with_plant(|p| p.wire().count(kind)) > 0, "{kind:?}");
        plant.board().clear();
        for (driver, _session) in &drivers {
            // What is still on its way may spoil one more.
            let _last = driver.read(20_000, 3).await;
            assert_eq!(hammer(&plant, driver, 3).await, 3, "{}", driver.describe());
        }
    }
}

#[tokio::test]
async fn networks_by_seed_give_right_values_or_errors() {
    for seed in 1..=4 {
        let plant = plant().await;
        let mut wire = WireFaults::from_seed(seed, Level::Rough);
        wire.set_rate(WireKind::GarblePayload, 0);
        wire.set_delay_max_ms(60);
        plant.with_plant(|p| *p.wire_mut() = wire);
        for (driver, _session) in &drivers(&plant) {
            hammer(&plant, driver, 12).await;
        }
    }
}

#[tokio::test]
async fn a_wrong_payload_bit_reaches_the_host_and_the_memory_is_right() {
    let plant = plant().await;
    let words = [1_u16, 2, 3, 4];
    plant
        .with_plant(|p| p.write_words(20_000, &words))
        .expect("inside");
    switch(&plant, &FaultSwitch::on("garble_payload").with(1_000));
    for (driver, _session) in &drivers(&plant) {
        let (first, second) = (
            driver.read(20_000, 4).await.expect("answered"),
            driver.read(20_000, 4).await.expect("answered"),
        );
        for read in [&first, &second] {
            let wrong: u32 = read
                .iter()
                .zip(words)
                .map(|(a, b)| (a ^ b).count_ones())
                .sum();
            assert_eq!(wrong, 1, "{}", driver.describe());
        }
    }
    let kept = plant.with_plant(|p| p.read_words(20_000, 4));
    assert_eq!(kept.expect("inside"), words);
}

#[tokio::test]
async fn a_half_open_stream_is_given_up_and_a_new_one_serves() {
    let plant = plant().await;
    let [_, tcp, modbus] = drivers(&plant);
    for (driver, _session) in [&tcp, &modbus] {
        driver.write(20_000, &[5]).await.expect("written");
        switch(&plant, &FaultSwitch::on("half_open").with(1));
        // The write meets the stream that died: nobody can say whether it was done.
        let error = driver
            .write(20_000, &[6])
            .await
            .expect_err("nobody answers");
        assert!(error.outcome_unknown(), "{error}");
        assert_eq!(driver.read(20_000, 1).await.expect("a new stream"), [5]);
        switch(&plant, &FaultSwitch::on("half_open").with(0));
        let error = driver.read(20_000, 1).await.expect_err("each new one dies");
        assert!(
            matches!(error, PlcError::Timeout { .. } | PlcError::Io(_)),
            "{error}"
        );
        assert!(count(&plant, "half_open") >= 2);
        switch(&plant, &FaultSwitch::off("half_open"));
        assert_eq!(driver.read(20_000, 1).await.expect("again"), [5]);
    }
}

#[tokio::test]
async fn a_booting_plc_is_silent_and_comes_back_on_every_protocol() {
    let plant = plant().await;
    let drivers = drivers(&plant);
    for (driver, _session) in &drivers {
        driver.write(20_000, &[7]).await.expect("written");
    }
    for (key, kept) in [("reboot_memory_kept", 7), ("reboot_memory_lost", 0)] {
        switch(&plant, &FaultSwitch::on(key));
        for (driver, _session) in &drivers {
            let error = driver.read(20_000, 1).await.expect_err("it boots");
            assert!(
                matches!(error, PlcError::Timeout { .. } | PlcError::Io(_)),
                "{error}"
            );
        }
        // Two seconds of the plant's own time; nobody else moves it.
        plant
            .advance(Duration::from_secs(2))
            .expect("nothing to save");
        for (driver, _session) in &drivers {
            // Streams from before the reboot are closed, which one read may find out.
            let _closed = driver.read(20_000, 1).await;
            let read = driver.read(20_000, 1).await.expect("back");
            assert_eq!(read, [kept], "{key}, {}", driver.describe());
        }
    }
}

#[tokio::test]
async fn the_cpus_warning_and_its_end_are_told_with_every_answer() {
    let plant = plant().await;
    let [(udp, _udp), (tcp, _tcp), (modbus, _modbus)] = drivers(&plant);
    switch(&plant, &FaultSwitch::on("cpu_warning"));
    for driver in [&udp, &tcp] {
        assert_eq!(driver.read(7_076, 1).await.expect("values are good"), [1]);
        driver.write(20_000, &[9]).await.expect("done");
        assert!(driver.link().cpu_warning, "{}", driver.describe());
    }
    assert_eq!(
        modbus
            .read(7_076, 1)
            .await
            .expect("Modbus has no such flag"),
        [1]
    );
    assert_eq!(count(&plant, "cpu_warning"), 4);
    switch(&plant, &FaultSwitch::off("cpu_warning"));
    switch(&plant, &FaultSwitch::on("cpu_fatal"));
    for driver in [&udp, &tcp, &modbus] {
        let error = driver
            .read(7_076, 1)
            .await
            .expect_err("values are not to be used");
        let told = matches!(error, PlcError::CpuFatal(_) | PlcError::EndCode { .. });
        assert!(told, "{}: {error}", driver.describe());
    }
    switch(&plant, &FaultSwitch::off("cpu_fatal"));
    assert_eq!(udp.read(7_076, 1).await.expect("again"), [1]);
    assert!(!udp.link().cpu_warning && udp.link().state == LinkState::Good);
}

async fn http(to: SocketAddr, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(to).await.expect("listening");
    let request = format!(
        "{head} HTTP/1.1\r\nHost: plant\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("received");
    let status = answer[9..12].parse().expect("a status");
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    (status, body.to_owned())
}

fn is_on(body: &str, key: &str) -> bool {
    let view: FaultsView = serde_json::from_str(body).expect("the list");
    view.faults.iter().find(|f| f.key == key).expect(key).is_on
}

#[tokio::test]
async fn the_control_routes_list_switch_and_clear() {
    let plant = plant().await;
    let at = plant.control();
    let (status, body) = http(at, "GET /plant/faults", "").await;
    let view: FaultsView = serde_json::from_str(&body).expect("the list");
    assert_eq!((status, view), (200, plant.board().view()));
    for (key, change) in [
        ("drop", "{\"key\":\"drop\",\"is_on\":true,\"value\":50}"),
        (
            "stuck_gate",
            "{\"key\":\"stuck_gate\",\"is_on\":true,\"target\":104}",
        ),
        ("erp_slow", "{\"key\":\"erp_slow\",\"is_on\":true}"),
    ] {
        let (status, body) = http(at, "POST /plant/faults", change).await;
        assert!(status == 200 && is_on(&body, key), "{key}: {status}");
    }
    let wrong = "{\"key\":\"drop\",\"is_on\":true,\"value\":0}";
    let (status, body) = http(at, "POST /plant/faults", wrong).await;
    assert_eq!(
        (status, body.as_str()),
        (400, "drop goes from 1 to 1000 permille, not 0")
    );
    let (status, _) = http(at, "POST /plant/faults", "{\"key\":\"drop\"}").await;
    assert_eq!(status, 422);
    let (status, body) = http(at, "DELETE /plant/faults", "").await;
    let view: FaultsView = serde_json::from_str(&body).expect("the list");
    assert!(status == 200 && view.faults.iter().all(|fault| !fault.is_on));
}

#[tokio::test]
async fn the_erps_faults_are_the_virtual_erps_own_and_are_counted() {
    let plant = plant().await;
    let login = "{\"jsonrpc\":\"2.0\",\"params\":{\"db\":\"demo\",\"login\":\"scada\",\"password\":\"scada-demo\"}}";
    let ask = || http(plant.odoo(), "POST /web/session/authenticate", login);
    assert_eq!(ask().await.0, 200);
    switch(&plant, &FaultSwitch::on("erp_error").with(2));
    assert_eq!((ask().await.0, count(&plant, "erp_error")), (500, 1));
    assert_eq!((ask().await.0, count(&plant, "erp_error")), (500, 2));
    assert_eq!((ask().await.0, count(&plant, "erp_error")), (200, 2));
    switch(&plant, &FaultSwitch::on("erp_error").with(1));
    assert_eq!((ask().await.0, count(&plant, "erp_error")), (500, 3));
    switch(&plant, &FaultSwitch::on("erp_down"));
    let view = plant.board().view();
    let down = view
        .faults
        .iter()
        .find(|f| f.key == "erp_down")
        .expect("listed");
    assert!(down.is_on && down.value.is_none() && down.count == 1);
    let mut cut = TcpStream::connect(plant.odoo())
        .await
        .expect("the listener stands");
    cut.write_all(b"GET /api/scada/health HTTP/1.1\r\nHost: erp\r\n\r\n")
        .await
        .expect("sent");
    let ended = cut.read(&mut [0; 64]).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "cut without an answer");
    switch(&plant, &FaultSwitch::off("erp_down"));
    assert_eq!(ask().await.0, 200);
    for (wrong, why) in [
        (
            FaultSwitch::on("erp_down").with(1),
            "erp_down is or is not, there is no amount of it",
        ),
        (
            FaultSwitch::on("erp_slow").at(1),
            "erp_slow cannot be aimed at 1",
        ),
        (
            FaultSwitch::on("erp_html").with(0),
            "erp_html goes from 1 to 100, not 0",
        ),
    ] {
        let error = plant.board().set(&wrong).expect_err(why);
        assert_eq!(error.to_string(), why);
    }
}
