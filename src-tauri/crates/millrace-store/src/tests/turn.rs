//! The outbox's turn, kept by triggers, against the slow definition of it, over drawn histories; and that
//! the next due message is looked up by index. Leaves out what the messages say.

use millrace_core::batch::posting::Posting;
use millrace_core::ids::{BatchId, OrderId, OutboxId};

use super::{add_batch, open};
use crate::table::outbox::{MessageKind, OutboxNew, first, next_due};
use crate::{StoreError, Write};

/// Drawn steps of a history.
const STEPS: u64 = 300;
/// Orders that take turns in it.
const ORDERS: i64 = 5;
/// Now, in the middle of all times that are drawn.
const NOW_MS: i64 = 50;

/// The schema version before the turn stood in the rows.
const BEFORE: usize = 10;

/// What `in_turn` stands for, as it was asked of every open message before.
const SLOW: &str = "SELECT o.id FROM outbox o WHERE o.state IN ('queued', 'sending', 'in_doubt')
    AND (o.next_at_ms <= ?1 OR o.next_at_ms > ?1 + 600000) AND NOT EXISTS (
        SELECT 1 FROM outbox p WHERE p.order_id = o.order_id AND p.id <> o.id AND p.kind <> 'mark_done'
            AND (p.id < o.id OR o.kind = 'mark_done') AND p.state NOT IN ('posted', 'waived', 'by_hand'))
    ORDER BY (o.next_at_ms > ?1 + 600000), o.next_at_ms, o.id";
const SLOW_DUE: &str = "SELECT min(o.next_at_ms) FROM outbox o WHERE o.state IN ('queued', 'sending', 'in_doubt')
    AND NOT EXISTS (
        SELECT 1 FROM outbox p WHERE p.order_id = o.order_id AND p.id <> o.id AND p.kind <> 'mark_done'
            AND (p.id < o.id OR o.kind = 'mark_done') AND p.state NOT IN ('posted', 'waived', 'by_hand'))";
const FAST: &str = "SELECT o.id FROM outbox o WHERE o.state IN ('queued', 'sending', 'in_doubt')
    AND (o.next_at_ms <= ?1 OR o.next_at_ms > ?1 + 600000) AND o.in_turn = 1
    ORDER BY (o.next_at_ms > ?1 + 600000), o.next_at_ms, o.id";
/// A closed message has no turn.
const CLOSED_IN_TURN: &str =
    "SELECT count(*) FROM outbox WHERE in_turn = 1 AND state IN ('posted', 'waived', 'by_hand')";

/// Numbers that look drawn and are the same each time (the step of SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }

    fn at_ms(&mut self) -> i64 {
        match self.below(12) {
            0 => NOW_MS + 600_001 + i64::try_from(self.below(9)).expect("small"),
            _ => i64::try_from(self.below(100)).expect("small"),
        }
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).expect("small")]
    }
}

fn queue(
    tx: &Write<'_>,
    dice: &mut Dice,
    orders: &[(OrderId, BatchId)],
    key: &str,
) -> Result<(), StoreError> {
    let kind = dice.of(&[
        MessageKind::Consumption,
        MessageKind::Consumption,
        MessageKind::MaterialConsumption,
        MessageKind::CancelOrder,
        MessageKind::EquipmentFailure,
        MessageKind::MarkDone,
    ]);
    let about = (kind != MessageKind::EquipmentFailure).then(|| dice.of(orders));
    let added = tx.outbox_put(&OutboxNew {
        key,
        kind,
        about,
        payload: "{}",
        at_ms: 1,
        not_before_ms: dice.at_ms(),
    })?;
    assert!(added.is_some());
    Ok(())
}

fn change(tx: &Write<'_>, dice: &mut Dice, newest: u64) -> Result<(), StoreError> {
    let id = i64::try_from(1 + dice.below(newest)).expect("small");
    let mut row = tx.outbox(OutboxId(id))?;
    let is_closed = matches!(
        row.state,
        Posting::Posted | Posting::Waived | Posting::ByHand
    );
    // A closed message is seldom opened again, so that histories come to an end.
    if is_closed && dice.below(4) > 0 {
        return Ok(());
    }
    row.state = dice.of(&[
        Posting::Queued,
        Posting::Sending,
        Posting::InDoubt,
        Posting::Refused,
        Posting::Posted,
        Posting::Posted,
        Posting::Posted,
        Posting::Waived,
        Posting::ByHand,
    ]);
    row.next_at_ms = dice.at_ms();
    tx.outbox_save(&row)
}

fn ids(tx: &Write<'_>, sql: &str) -> Result<Vec<i64>, StoreError> {
    let mut statement = tx.connection.prepare_cached(sql)?;
    let rows = statement.query_map([NOW_MS], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn agree(tx: &Write<'_>, told: &str) -> Result<usize, StoreError> {
    let slow = ids(tx, SLOW)?;
    assert_eq!(ids(tx, FAST)?, slow, "{told}");
    let next = tx.outbox_next(NOW_MS)?.map(|row| row.id.0);
    assert_eq!(next, slow.first().copied(), "{told}");
    let due: Option<i64> = tx.connection.query_row(SLOW_DUE, [], |row| row.get(0))?;
    assert_eq!(tx.outbox_next_due()?, due, "{told}");
    let closed: i64 = tx
        .connection
        .query_row(CLOSED_IN_TURN, [], |row| row.get(0))?;
    assert_eq!(closed, 0, "{told}");
    Ok(slow.len())
}

#[tokio::test]
async fn the_turn_in_the_rows_is_the_turn_by_its_definition_over_drawn_histories() {
    let mut seen = 0;
    for seed in 0..12 {
        let (_folder, store) = open();
        seen += store
            .write(move |tx| {
                let mut dice = Dice(seed);
                let mut orders = Vec::new();
                for number in 0..ORDERS {
                    orders.push(add_batch(tx, &format!("WH/MO/{number}"), 1)?);
                }
                let mut queued = 0;
                let mut seen = 0;
                for step in 0..STEPS {
                    if queued == 0 || dice.below(3) == 0 {
                        queued += 1;
                        queue(tx, &mut dice, &orders, &format!("m{queued}"))?;
                    } else {
                        change(tx, &mut dice, queued)?;
                    }
                    seen += agree(tx, &format!("seed {seed}, step {step}"))?;
                }
                Ok::<_, StoreError>(seen)
            })
            .await
            .expect("committed");
    }
    assert!(seen > 3_000, "the histories are too empty: {seen}");
}

#[tokio::test]
async fn the_next_due_message_is_looked_up_by_index() {
    let (_folder, store) = open();
    let plans = store
        .read(|read| {
            let mut plans = Vec::new();
            for (sql, with) in [
                (first("o.next_at_ms <= ?1"), vec![1_i64]),
                (next_due(), vec![]),
            ] {
                let mut statement = read
                    .connection
                    .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let rows = statement
                    .query_map(rusqlite::params_from_iter(with), |row| {
                        row.get::<_, String>(3)
                    })?
                    .collect::<Result<Vec<_>, _>>()?;
                plans.push(rows.join("; "));
            }
            Ok::<_, StoreError>(plans)
        })
        .await
        .expect("readable");
    assert!(
        plans[0].contains("SEARCH o USING INDEX outbox_turn (next_at_ms<?)"),
        "{}",
        plans[0]
    );
    for plan in plans {
        assert!(plan.contains("outbox_turn"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "nothing is sorted: {plan}");
    }
}

#[tokio::test]
async fn the_migration_gives_the_messages_that_wait_their_turn() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("books.db");
    {
        let mut raw = rusqlite::Connection::open(&path).expect("opens");
        crate::migrate::migrate_to(&mut raw, BEFORE).expect("an older schema");
        raw.execute_batch(
            "INSERT INTO erp_order (id, erp_instance, identity, name, product, quantity_kg, standing, content, created_at_ms, seen_at_ms)
             VALUES (3, 'n', 'name:A', 'A', 'P', '1', 'accepted', '{}', 1, 1);
             INSERT INTO batch (id, order_id, batch_index, label, order_name, product, recipe, content_hash, planned_g, silo_planned_g, release, run, posting, word, created_at_ms)
             VALUES (4, 3, 1, 'A/1', 'A', 'P', '{}', 'h', 1, 1, 'approved', 'idle', 'not_due', 'approved', 1);
             INSERT INTO outbox (id, key, kind, order_id, batch_id, payload, state, next_at_ms, created_at_ms)
             VALUES (1, 'a', 'consumption', 3, 4, '{}', 'posted', 5, 6), (2, 'b', 'mark_done', 3, 4, '{}', 'queued', 1, 6),
                    (3, 'c', 'consumption', 3, 4, '{}', 'queued', 7, 6), (4, 'd', 'consumption', 3, 4, '{}', 'queued', 2, 6),
                    (5, 'e', 'equipment_failure', NULL, NULL, '{}', 'queued', 9, 6);",
        )
        .expect("an older database");
    }
    let store = crate::Store::open(&path).expect("migrates");
    let turns = store
        .write(|tx| {
            agree(tx, "after the migration")?;
            ids(
                tx,
                "SELECT id FROM outbox WHERE in_turn = ?1 / 50 ORDER BY id",
            )
        })
        .await
        .expect("readable");
    assert_eq!(turns, [3, 5]);
}
