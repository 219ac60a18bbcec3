//! Without any PLC: recorded words, right and wrong maps.

use serde_json::{Value, json};

use super::site::{MAP, Site, check, finished_with, image, images, out};

#[test]
fn every_recorded_block_is_decoded_as_recorded() {
    let site = Site::paper(MAP);
    let images = images();
    assert_eq!(images.len(), 6);
    for (scenario, expected, words) in images {
        let answer = site.decode(&words, &[]);
        assert_eq!(answer["accepted"], json!(true), "{scenario}: {answer}");
        assert_eq!(answer["reasons"], json!([]), "{scenario}");
        if expected == "empty" {
            assert_eq!(answer["empty"], json!(true));
            assert_eq!(answer["values"], json!({}));
            continue;
        }
        let values = &answer["values"];
        assert_eq!(
            values["finished"],
            json!(scenario != "running"),
            "{scenario}"
        );
        assert_eq!(
            values["flag"],
            json!(scenario == "finished_acked"),
            "{scenario}"
        );
        assert_eq!(
            values["silos"].as_object().map(|silos| silos.len()),
            Some(15)
        );
    }
    let values = &site.decode(&image("finished"), &[])["values"];
    assert_eq!(values["batch_no"], json!(1));
    assert_eq!(values["order_name"], json!("WH/MO/00101"));
    assert_eq!(values["planned_g"], json!(1_000_000));
    assert_eq!(values["silos"]["silo_a"], json!(120_000));
    assert_eq!(values["silos"]["lq_fml"], json!(12_000));
    assert_eq!(values["weight_g"], json!(998_400));
    assert_eq!(values["failed"], json!(false));
    let absent = &site.decode(&image("finished_zero_weight"), &[])["values"];
    assert_eq!(absent["weight_g"], Value::Null);
}

#[test]
fn a_refused_block_shows_reasons_and_no_values() {
    let site = Site::paper(MAP);
    let check_refused = |words: &str, more: &[&str], reason: &str| {
        let answer = site.decode(words, more);
        assert_eq!(answer["accepted"], json!(false), "{answer}");
        assert_eq!(answer["values"], json!({}), "{answer}");
        assert!(
            answer["reasons"].to_string().contains(reason),
            "{reason}: {answer}"
        );
    };
    check_refused(&finished_with(54, "006D"), &[], "D6054 (raw 006D)");
    check_refused(&finished_with(72, "0002"), &[], "D6072");
    // A native float where a scaled integer belongs.
    check_refused(&finished_with(74, "440E"), &[], "finished weight");
    check_refused(&image("finished"), &["--slot", "2"], "D6100");
    check_refused(&image("finished"), &["--slot", "11"], "no slot 11");
    check_refused(
        &image("finished"),
        &["--order", "WH/MO/00102"],
        "WH/MO/00102",
    );
    // Half the plan: only with an order is the balance held against it.
    let half = finished_with(26, "0D40");
    let half_planned = half.replacen("0001 0D40", "0003 0D40", 1);
    assert_eq!(site.decode(&half_planned, &[])["accepted"], json!(true));
    check_refused(&half_planned, &["--order", "WH/MO/00101"], "planned");
    check_refused("0001 5748", &[], "2 words");
    let right = site.decode(
        &image("finished"),
        &["--order", "WH/MO/00101", "--slot", "1"],
    );
    assert_eq!(right["accepted"], json!(true), "{right}");
}

#[test]
fn what_cannot_be_read_is_the_askers_fault() {
    let site = Site::paper(MAP);
    let decode =
        |map: &str, words: &str| site.ask(&["plc", "decode", "--map", map, "--words", words]);
    check(&decode("map.toml", "0001 XYZ"), 2, &["word 2", "XYZ"]);
    check(&decode("none.toml", "0001"), 2, &["none.toml"]);
    check(&decode("config.toml", "0001"), 2, &["config.toml"]);
    check(&site.ask(&["plc", "decode"]), 2, &["--map"]);
}

#[test]
fn a_right_map_shows_its_addresses_and_a_wrong_one_its_key() {
    let site = Site::paper(MAP);
    let output = site.ask(&["plc", "map", "check", "map.toml"]);
    check(
        &output,
        0,
        &[
            "is right",
            "version 2",
            "10 slots",
            "high_first",
            "heartbeat of this program",
        ],
    );
    let text = out(&output);
    let row = |tag: &str| -> Vec<String> {
        let line = text
            .lines()
            .find(|line| line.split_whitespace().next() == Some(tag));
        line.expect(tag)
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(
        row("target_qty"),
        ["target_qty", "D6025", "D7025", "2", "u32", "100"]
    );
    assert_eq!(
        row("silo_m.id"),
        ["silo_m.id", "D6063", "D7063", "1", "i16", "1"]
    );
    assert_eq!(
        row("lq_fml"),
        ["lq_fml", "D6070", "D7070", "2", "u32", "100"]
    );
    assert_eq!(
        row("command_echo"),
        ["command_echo", "D6077", "-", "1", "i16", "1"]
    );
    assert_eq!(
        row("system.heartbeat"),
        ["system.heartbeat", "D9020", "1", "i16"]
    );
    assert_eq!(row("failure.year"), ["failure.year", "D8016", "1", "bcd"]);
    assert_eq!(row("weighing.qty"), ["weighing.qty", "D9010", "2", "u32"]);
    for (right, wrong, names) in [
        ("id_offset = 30", "id_offset = 29", "already belongs to"),
        ("stride = 100", "stride = 50", "stride"),
        ("version = 2", "version = 2\ncolour = 1", "line"),
        ("write_base = 7000", "write_base = 6500", "read_base"),
    ] {
        let site = Site::paper(&MAP.replacen(right, wrong, 1));
        check(
            &site.ask(&["plc", "map", "check", "map.toml"]),
            1,
            &["map.toml", names],
        );
    }
    check(
        &site.ask(&["plc", "map", "check", "none.toml"]),
        1,
        &["none.toml"],
    );
}
