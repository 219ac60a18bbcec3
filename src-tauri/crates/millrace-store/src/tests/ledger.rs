//! The silo ledger's arithmetic: whatever is dosed, received and counted in whatever order, the stock is
//! the sum of the changes; and what somebody with the file does to it is named.

use millrace_core::ids::SiloNo;
use millrace_core::silo::MovementKind;
use millrace_core::units::Grams;
use proptest::prelude::*;

use super::{open, silo};
use crate::{Store, StoreError};

#[derive(Debug, Clone)]
enum Step {
    Moved(MovementKind, i64),
    /// A count sets the stock; the change is the difference.
    Counted(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (-900_i64..=0).prop_map(|tens| Step::Moved(MovementKind::Dosing, tens * 10)),
        (0_i64..=900).prop_map(|tens| Step::Moved(MovementKind::Receipt, tens * 10)),
        (0_i64..=900).prop_map(|tens| Step::Counted(tens * 10)),
    ]
}

async fn run(store: &Store, steps: Vec<(u16, Step)>) {
    let added = store.write(move |tx| {
        let mut levels = std::collections::BTreeMap::new();
        for (at_ms, (silo, step)) in (1_i64..).zip(steps) {
            let silo = SiloNo(101 + silo);
            let before = *levels.get(&silo).unwrap_or(&0);
            let (kind, delta) = match step {
                Step::Moved(kind, delta) => (kind, delta),
                Step::Counted(counted) => (MovementKind::Correction, counted - before),
            };
            let level = tx.silo_move(at_ms, silo, kind, Grams(delta), None, Some("why"))?;
            if let Step::Counted(counted) = step {
                assert_eq!(level, Grams(counted), "a count is what was counted");
            }
            levels.insert(silo, level.0);
        }
        Ok::<_, StoreError>(())
    });
    added.await.expect("committed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_stock_is_the_sum_of_the_ledger(steps in proptest::collection::vec((0_u16..2, step()), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (_folder, store) = open();
            let silos = store.write(|tx| {
                tx.silo_put(&silo(101))?;
                tx.silo_put(&silo(102))
            });
            silos.await.expect("silos");
            let counted = steps.iter().filter(|(_, step)| matches!(step, Step::Counted(_))).count();
            run(&store, steps).await;
            for silo in [SiloNo(101), SiloNo(102)] {
                let (rows, last) = store
                    .read(move |r| Ok::<_, StoreError>((r.silo_movements(Some(silo), i64::MIN, 500)?, r.silo_last_movement(silo)?)))
                    .await
                    .expect("readable");
                let sum: i64 = rows.iter().map(|row| row.delta_g.0).sum();
                assert_eq!(last.map_or(0, |row| row.level_g.0), sum);
            }
            // The arithmetic fits; that nobody signed these counts is named for each.
            let found = store.read(|r| r.ledger_findings()).await.expect("readable");
            assert_eq!(found.len(), counted, "{found:?}");
            assert!(found.iter().all(|text| text.contains("nobody signed it")), "{found:?}");
        });
    }
}

#[tokio::test]
async fn a_row_whose_stock_does_not_fit_is_named() {
    for (sql, row) in [
        (
            "UPDATE silo_movement SET level_g = level_g + 10 WHERE seq = 2",
            [2, 3],
        ),
        ("UPDATE silo_movement SET delta_g = 0 WHERE seq = 2", [2, 2]),
        ("DELETE FROM silo_movement WHERE seq = 2", [3, 3]),
    ] {
        let (_folder, store) = open();
        store
            .write(|tx| tx.silo_put(&silo(101)))
            .await
            .expect("silos");
        let moved = |grams| (0, Step::Moved(MovementKind::Receipt, grams));
        run(&store, vec![moved(1_000), moved(500), moved(20)]).await;
        let forged = store.write(move |tx| {
            tx.connection.execute_batch(&format!(
                "DROP TRIGGER silo_movement_is_append_only_u; DROP TRIGGER silo_movement_is_append_only_d; {sql}"
            ))?;
            Ok::<_, StoreError>(())
        });
        forged.await.expect("somebody with the file can do this");
        let found = store.read(|r| r.ledger_findings()).await.expect("readable");
        assert!(!found.is_empty(), "{sql}");
        for (text, row) in found.iter().zip(row) {
            assert!(
                text.starts_with(&format!("row {row} of the silo ledger")),
                "{sql}: {found:?}"
            );
        }
    }
}
