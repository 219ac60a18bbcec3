//! What is written to a slot: refusals before the first word, panel texts, the content hash.

use super::super::*;
use super::{demo, image};
use crate::ids::{SiloNo, SlotNo};
use crate::units::Grams;

#[test]
fn an_order_that_does_not_fit_is_refused_before_a_word_is_made() {
    let good = SlotOrder {
        slot: SlotNo(1),
        order_name: "WH/MO/00101".into(),
        bom_text: "FEED".into(),
        product_text: "FEED".into(),
        planned: Grams(1_000_000),
        silos: vec![(SiloNo(101), Grams(1_000_000))],
    };
    let refused = |change: fn(&mut SlotOrder)| {
        let mut order = good.clone();
        change(&mut order);
        encode(&demo(), &order).expect_err("must be refused")
    };
    assert_eq!(
        refused(|o| o.slot = SlotNo(0)),
        EncodeError::UnknownSlot(SlotNo(0))
    );
    assert_eq!(
        refused(|o| o.slot = SlotNo(11)),
        EncodeError::UnknownSlot(SlotNo(11))
    );
    assert_eq!(refused(|o| o.order_name.clear()), EncodeError::NoName);
    assert!(matches!(
        refused(|o| o.order_name = "WH/MO/00101/2345X".into()),
        EncodeError::Text { .. }
    ));
    assert!(matches!(
        refused(|o| o.product_text = "Fütter".into()),
        EncodeError::Text { .. }
    ));
    assert_eq!(
        refused(|o| o.silos[0].0 = SiloNo(99)),
        EncodeError::UnknownSilo(SiloNo(99))
    );
    let twice = refused(|o| o.silos = vec![(SiloNo(101), Grams(10)), (SiloNo(101), Grams(10))]);
    assert_eq!(twice, EncodeError::DuplicateSilo(SiloNo(101)));
    assert!(matches!(
        refused(|o| o.silos[0].1 = Grams(15)),
        EncodeError::Dose {
            silo: SiloNo(101),
            ..
        }
    ));
    assert!(matches!(
        refused(|o| o.planned = Grams(-10)),
        EncodeError::Planned(CodecError::Negative(_))
    ));
    assert!(matches!(
        refused(|o| o.planned = Grams(3_000_010)),
        EncodeError::OverBatchMax { .. }
    ));
    assert!(matches!(
        refused(|o| o.silos[0].1 = Grams(3_000_010)),
        EncodeError::OverBatchMax { .. }
    ));
}

#[test]
fn a_text_for_the_panel_loses_what_the_panel_cannot_show() {
    let map = demo();
    assert_eq!(plc_text("[10092] JF SAPOT 1B", &map), "[10092] JF SAPOT");
    assert_eq!(plc_text("Füttermühle\t1", &map), "Fttermhle1");
}

#[test]
fn the_content_hash_ignores_the_handshake_and_nothing_else() {
    let map = demo();
    let hash = content_hash(&map, &image("finished"));
    assert_eq!(hash, content_hash(&map, &image("finished_acked")));
    for offset in 0..76 {
        let mut words = image("finished");
        words[offset] ^= 1;
        assert_ne!(hash, content_hash(&map, &words), "word {offset}");
    }
}
