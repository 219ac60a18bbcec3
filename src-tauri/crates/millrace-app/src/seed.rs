//! What the books need before the first cycle: silos as configured, their opening stock once, and the
//! demo's people. Leaves out the first administrator of a plant: a person creates it.

use std::collections::BTreeMap;

use millrace_core::access::{Grant, Role};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::SiloNo;
use millrace_core::silo::MovementKind;
use millrace_store::Store;

use crate::clock::Clock;
use crate::commands::session::DemoPerson;
use crate::config::SiloSeed;
use crate::error::AppError;

/// Under this key the demo's people and their secrets are kept (demo books only).
const PEOPLE: &str = "demo_people";

/// Silos as configured, opening stock once, and the demo's people.
pub(crate) async fn seed(
    store: &Store,
    clock: &dyn Clock,
    silos: &[SiloSeed],
    is_demo: bool,
) -> Result<Vec<DemoPerson>, AppError> {
    let at_ms = clock.now_ms();
    let seeds = silos.to_vec();
    store
        .write(move |tx| {
            let known: BTreeMap<SiloNo, _> =
                tx.silos()?.into_iter().map(|row| (row.silo, row)).collect();
            for seed in &seeds {
                if known.get(&seed.row.silo) != Some(&seed.row) {
                    tx.silo_put(&seed.row)?;
                }
                if let Some(start) = seed.start_g
                    && tx.silo_last_movement(seed.row.silo)?.is_none()
                {
                    tx.silo_move(
                        at_ms,
                        seed.row.silo,
                        MovementKind::Opening,
                        start,
                        None,
                        None,
                    )?;
                }
            }
            Ok::<_, AppError>(())
        })
        .await?;
    if !is_demo {
        return Ok(Vec::new());
    }
    if let Some(text) = store
        .read(|read| read.meta(PEOPLE).map_err(AppError::from))
        .await?
        && let Ok(people) = serde_json::from_str(&text)
    {
        return Ok(people);
    }
    let mut people = Vec::new();
    for (name, role) in [
        ("Operator 1", Role::Operator),
        ("Supervisor 1", Role::Supervisor),
        ("Administrator 1", Role::SuperAdmin),
    ] {
        let token = crate::session::random_token()?;
        let secret: String = token.chars().take(10).collect();
        let phc = crate::session::hash_secret(secret.clone()).await?;
        people.push((
            DemoPerson {
                name: name.into(),
                role,
                secret,
            },
            phc,
        ));
    }
    let kept: Vec<DemoPerson> = people.iter().map(|(person, _)| person.clone()).collect();
    let text = serde_json::to_string(&kept)
        .map_err(|error| AppError::fault(ErrorCode::Internal, "the demo's people", &error))?;
    store
        .write(move |tx| {
            for (person, phc) in &people {
                tx.person_add(&person.name, &[Grant::everywhere(person.role)], phc, at_ms)?;
            }
            tx.meta_set(PEOPLE, &text)?;
            Ok::<_, AppError>(())
        })
        .await?;
    Ok(kept)
}
