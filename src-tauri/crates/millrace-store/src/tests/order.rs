//! Differences of an order: kept until a decision, listed only while batches are open, and gone with the tombstone.

use millrace_core::access::four_eyes::{Hand, Requester};
use millrace_core::access::{Grant, Role};
use millrace_core::batch::posting::Posting;
use millrace_core::batch::release::ReleaseEvent;
use millrace_core::erp::{ErpOrder, ErpOrderState};
use millrace_core::erp_difference::{ChangedField, Choice, Difference, Found, Seen};
use millrace_core::units::Grams;

use super::{add_batch, open};
use crate::StoreError;
use crate::table::erp_order::{Decided, Standing};
use crate::table::outbox::MessageKind;

fn content(quantity: &str) -> ErpOrder {
    ErpOrder {
        erp_id: None,
        name: "WH/MO/00101".into(),
        state: "confirmed".into(),
        reference: None,
        product_name: "LAYER FEED 17".into(),
        quantity: quantity.parse().expect("a decimal"),
        uom: "kg".into(),
        planned_start: None,
        equipment_code: None,
        bom: None,
        bom_quantity: None,
        lines: vec![],
    }
}

fn found() -> Found {
    Found {
        difference: Difference::Changed {
            fields: vec![ChangedField::Quantity {
                old_kg: "1000".parse().expect("a decimal"),
                new_kg: "1200.5".parse().expect("a decimal"),
            }],
        },
        seen: Seen::Listed(content("1200.5")),
    }
}

fn decided(choice: Choice) -> Decided {
    Decided {
        choice,
        person: "Supervisor 1".into(),
        at_ms: 7,
    }
}

#[tokio::test]
async fn a_difference_is_kept_until_somebody_decides_or_the_erp_agrees() {
    let (_folder, store) = open();
    store
        .write(|tx| {
            let (id, _) = add_batch(tx, "WH/MO/00101", 1)?;
            assert!(!tx.order_differs(id)?);
            tx.order_differ(id, &found(), 5)?;
            let row = tx.order(id)?;
            assert_eq!(row.difference, Some(found()), "as it was put");
            assert_eq!(row.difference_seen_at_ms, Some(5));
            assert!(tx.order_differs(id)?);
            assert_eq!(tx.orders_differing()?.len(), 1);

            let kept = found().seen;
            tx.order_decide(id, &decided(Choice::Keep), Some(&kept))?;
            let row = tx.order(id)?;
            assert_eq!((row.difference, row.difference_seen_at_ms), (None, None));
            assert_eq!(row.kept, Some(kept));
            assert_eq!(row.decided, Some(decided(Choice::Keep)));
            assert!(!tx.order_differs(id)?);

            tx.order_differ(id, &found(), 9)?;
            tx.order_agree(id, None)?;
            let row = tx.order(id)?;
            assert_eq!((row.difference, row.kept), (None, None));
            assert_eq!(row.decided, Some(decided(Choice::Keep)), "history stays");

            let held = Found {
                difference: Difference::Cancelled,
                seen: Seen::Held(ErpOrderState {
                    bom: None,
                    name: "WH/MO/00101".into(),
                    state: "cancel".into(),
                    produced_g: Grams::ZERO,
                    quantity_g: Grams(1_000_000),
                    product_name: Some("LAYER FEED 16".into()),
                    planned_start: None,
                    lines: vec![],
                }),
            };
            tx.order_differ(id, &held, 10)?;
            assert_eq!(tx.order(id)?.difference, Some(held));
            tx.order_bury(id)?;
            let row = tx.order(id)?;
            assert_eq!((row.standing, row.difference), (Standing::Tombstone, None));
            Ok::<_, StoreError>(())
        })
        .await
        .expect("committed");
}

#[tokio::test]
async fn taking_over_replaces_the_accepted_content() {
    let (_folder, store) = open();
    store
        .write(|tx| {
            let (id, _) = add_batch(tx, "WH/MO/00101", 1)?;
            tx.order_differ(id, &found(), 5)?;
            tx.order_take_over(id, &content("1200.50"), Some(99))?;
            tx.order_decide(id, &decided(Choice::TakeOver), None)?;
            let row = tx.order(id)?;
            assert_eq!(row.product, "LAYER FEED 17");
            assert_eq!(row.quantity_kg, "1200.5");
            assert_eq!(row.content, Some(content("1200.50")));
            assert_eq!((row.kept, row.difference), (None, None));
            Ok::<_, StoreError>(())
        })
        .await
        .expect("committed");
}

#[tokio::test]
async fn only_orders_with_open_batches_are_compared_and_who_waited_longest_is_first() {
    let (_folder, store) = open();
    store
        .write(|tx| {
            let (first, _) = add_batch(tx, "WH/MO/00101", 1)?;
            let (second, _) = add_batch(tx, "WH/MO/00102", 1)?;
            let (closed, batch) = add_batch(tx, "WH/MO/00103", 1)?;
            let mut row = tx.batch(batch)?;
            row.release = row
                .release
                .step(ReleaseEvent::Reject)
                .expect("a pending batch may be rejected");
            tx.batch_save(&mut row)?;
            tx.order_differ(closed, &found(), 5)?;
            assert!(tx.orders_differing()?.is_empty(), "nothing of it is open");
            tx.order_compared(first, 50)?;
            let at_work: Vec<_> = tx
                .orders_at_work("north:plant")?
                .into_iter()
                .map(|o| o.id)
                .collect();
            assert_eq!(at_work, [second, first]);
            assert!(tx.orders_at_work("south:plant")?.is_empty());
            Ok::<_, StoreError>(())
        })
        .await
        .expect("committed");
}

#[tokio::test]
async fn an_order_counts_as_told_once_a_message_was_on_its_way() {
    let (_folder, store) = open();
    store
        .write(|tx| {
            let (order, batch) = add_batch(tx, "WH/MO/00101", 1)?;
            tx.outbox_add("a", MessageKind::Consumption, order, batch, "{}", 10)?;
            assert!(!tx.order_was_told(order)?, "it waits");
            let mut row = tx.outbox_page(&Posting::ALL, None, 10)?.remove(0);
            row.attempts = 1;
            tx.outbox_save(&row)?;
            assert!(tx.order_was_told(order)?);
            Ok::<_, StoreError>(())
        })
        .await
        .expect("committed");
}

#[tokio::test]
async fn who_asked_for_an_order_is_kept_and_the_last_one_counts() {
    let (_folder, store) = open();
    store
        .write(|tx| {
            let by = tx.person_add("Sari", &[Grant::everywhere(Role::Planner)], "phc-1", 1)?;
            let (id, _) = add_batch(tx, "WH/MO/00101", 1)?;
            assert_eq!(tx.order_request(id)?, None, "it came by itself");
            for (hand, at_ms) in [(Hand::Import, 10), (Hand::TakeOver, 20)] {
                let requester = Requester { person: by, hand };
                tx.order_request_set(id, requester, at_ms)?;
                let found = tx.order_request(id)?.expect("somebody asked");
                assert_eq!((found.requester, found.at_ms), (requester, at_ms));
                assert_eq!(found.full_name, "Sari");
            }
            Ok::<_, StoreError>(())
        })
        .await
        .expect("committed");
}
