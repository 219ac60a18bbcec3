//! Components and products that are tracked by lot, over real sockets on every version and both ways to
//! book. The oracle is the lines of stock in the virtual ERP's own book.
//! Leaves out which lot is chosen when several lines name one (`odoo/standard_lot.rs`).

use std::collections::BTreeMap;

use millrace_core::erp_lot::{LotNote, LotWant};
use millrace_core::units::Grams;
use millrace_plant::odoo::{
    LotEdit, OdooBook, OdooVersion, OrderEdit, OrderState, Tracking, Uom, demo_orders,
};

use super::conformance_plant::{Dialect, Peer, connect, keyed, post, post_of};
use super::guarantee_tests::ways;
use super::{ErpConnector, ErpError};

const NAME: &str = "WH/MO/00101";
const ENDED: &str = "2026-11-22 01:42:00";
const TRACKED: &str = "silo101";
const PRODUCT: &str = "PKE pellet";

fn assign(peer: &Peer, equipment: Option<&str>, lots: &[&str]) {
    let edit = OrderEdit {
        name: NAME.to_owned(),
        lots: Some(LotEdit {
            equipment: equipment.map(str::to_owned),
            tracking: Some(Tracking::Lot),
            lots: Some(lots.iter().map(|lot| (*lot).to_owned()).collect()),
        }),
        ..OrderEdit::default()
    };
    peer.odoo.edit_order(edit).expect("it is there");
}

fn both() -> impl Iterator<Item = Dialect> {
    ways(false).into_iter().chain(ways(true))
}

fn refused(error: Result<impl std::fmt::Debug, ErpError>) -> String {
    match error {
        Err(ErpError::Refused { message }) => message,
        other => panic!("{other:?}"),
    }
}

async fn notes(erp: &dyn ErpConnector) -> Vec<LotNote> {
    let page = erp.open_orders(10, 0).await.expect("a page");
    let is_good = |name: &str| {
        page.orders
            .iter()
            .any(|order| order.as_ref().is_ok_and(|order| order.name == name))
    };
    assert!(is_good(NAME), "a lot that is missing refuses no order");
    page.lots.get(NAME).cloned().unwrap_or_default()
}

fn on_lots(peer: &Peer) -> BTreeMap<String, Grams> {
    let lots = peer.order(NAME).lots;
    lots.get(TRACKED).cloned().unwrap_or_default()
}

#[tokio::test]
async fn one_lot_on_the_component_takes_the_whole_consumption_once() {
    for dialect in both() {
        let peer = Peer::of(dialect).await;
        assign(&peer, Some(TRACKED), &["L-17"]);
        let erp = connect(dialect, &peer.url);
        assert_eq!(notes(erp.as_ref()).await, [], "{dialect:?}");
        for _ in 0..2 {
            erp.post_consumption(&post()).await.expect("booked");
        }
        let whole = BTreeMap::from([("L-17".to_owned(), Grams(119_980))]);
        assert_eq!(on_lots(&peer), whole, "{dialect:?}");
        assert_eq!(peer.order(NAME).posts, 1, "{dialect:?}");
        // A later batch: more than was reserved, still on the one lot.
        let more = post_of(NAME, 1_998_000, &[(TRACKED, 239_990), ("lq114", 71_000)]);
        let more = keyed("demo/1/2/0", more);
        erp.post_consumption(&more).await.expect("booked");
        let whole = BTreeMap::from([("L-17".to_owned(), Grams(239_990))]);
        assert_eq!(on_lots(&peer), whole, "{dialect:?}");
        let held = erp.order_state(NAME).await.expect("a state");
        let line = held.lines.iter().find(|one| one.equipment_code == TRACKED);
        assert_eq!(line.map(|one| one.consumed_g), Some(Grams(239_990)));
        erp.mark_done(NAME, Grams(1_998_000), ENDED)
            .await
            .expect("closed");
        assert_eq!(peer.order(NAME).state, OrderState::Done);
    }
}

#[tokio::test]
async fn no_lot_and_several_are_refused_with_what_to_do_and_go_once_it_is_done() {
    for dialect in both() {
        let peer = Peer::of(dialect).await;
        let erp = connect(dialect, &peer.url);
        for (lots, words) in [(&[][..], "names no lot"), (&["A", "B"], "several (A, B)")] {
            assign(&peer, Some(TRACKED), lots);
            let told = refused(erp.post_consumption(&post()).await);
            assert!(told.contains(PRODUCT) && told.contains(words), "{told}");
            assert!(told.ends_with("then retry"), "{told}");
            assert_eq!(peer.order(NAME).posts, 0, "{dialect:?}");
            let note = &notes(erp.as_ref()).await[0];
            assert_eq!(note.to_string(), told, "the same is told before");
        }
        assign(&peer, Some(TRACKED), &["B"]);
        erp.post_consumption(&post()).await.expect("booked");
        let whole = BTreeMap::from([("B".to_owned(), Grams(119_980))]);
        assert_eq!(on_lots(&peer), whole, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_tracked_component_in_grams_beside_untracked_ones_is_exact() {
    for dialect in both() {
        let orders = demo_orders().expect("the file parses");
        let mut book = OdooBook::with_orders(orders).expect("no name stands twice");
        let units = [Uom::G, Uom::Kg, Uom::G];
        book.set_bom(NAME, Grams(1_000_000), &units)
            .expect("it is there");
        let peer = Peer::with_book(dialect.version, None, book).await;
        peer.install(dialect);
        assign(&peer, Some(TRACKED), &["L-17"]);
        let erp = connect(dialect, &peer.url);
        erp.post_consumption(&post()).await.expect("booked");
        let order = peer.order(NAME);
        assert_eq!(order.consumption["silo103"], Grams(241_010), "{dialect:?}");
        let whole = BTreeMap::from([("L-17".to_owned(), Grams(119_980))]);
        assert_eq!(on_lots(&peer), whole, "{dialect:?}");
        erp.mark_done(NAME, Grams(998_400), ENDED)
            .await
            .expect("closed");
    }
}

#[tokio::test]
async fn a_finished_product_needs_its_lot_before_the_order_is_closed() {
    for dialect in both() {
        let peer = Peer::of(dialect).await;
        assign(&peer, None, &[]);
        let erp = connect(dialect, &peer.url);
        let makes_it = dialect.version == OdooVersion::V19;
        let seen: Vec<_> = notes(erp.as_ref()).await;
        let wants: Vec<_> = seen.iter().map(|note| note.want.clone()).collect();
        let expected: &[LotWant] = if makes_it { &[] } else { &[LotWant::Finished] };
        assert_eq!(wants, expected, "{dialect:?}");
        erp.post_consumption(&post()).await.expect("booked");
        if !makes_it {
            let told = refused(erp.mark_done(NAME, Grams(998_400), ENDED).await);
            assert!(
                told.contains("LAYER FEED 16") && told.contains("for what it makes"),
                "{told}"
            );
            assert_eq!(peer.order(NAME).state, OrderState::Progress);
            assign(&peer, None, &["F-1"]);
        }
        erp.mark_done(NAME, Grams(998_400), ENDED)
            .await
            .expect("closed");
        assert_eq!(peer.order(NAME).state, OrderState::Done, "{dialect:?}");
    }
}

#[tokio::test]
async fn what_was_booked_under_its_key_is_answered_whatever_lot_it_lies_on_since() {
    for dialect in ways(true) {
        let peer = Peer::of(dialect).await;
        assign(&peer, Some(TRACKED), &["L-17"]);
        let erp = connect(dialect, &peer.url);
        erp.post_consumption(&post()).await.expect("booked");
        // A person puts it on two others meanwhile; the answer to the message had been lost.
        assign(&peer, Some(TRACKED), &["A", "B"]);
        let answer = erp.post_consumption(&post()).await.expect("known");
        assert!(answer.is_already, "{dialect:?}");
    }
}
