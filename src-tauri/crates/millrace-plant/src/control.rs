//! HTTP routes by which a test looks into the plant's books and moves its clock:
//!
//! | route | body | answer |
//! |---|---|---|
//! | `GET /plant/books` | | [`Books`] |
//! | `POST /plant/advance` | `{"ms": 5000}` plant time | `{"plant_ms": …}` |
//! | `POST /plant/reboot` | `{"keep_memory": true}` | `{"plant_ms": …}` |
//! | `GET /plant/faults` | | [`FaultsView`] |
//! | `POST /plant/faults` | one [`FaultSwitch`]: `{"key": "drop", "is_on": true, "value": 50}` | [`FaultsView`]; 400 with a sentence |
//! | `DELETE /plant/faults` | | [`FaultsView`], all off |
//!
//! Leaves out any protection: it is bound to loopback.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::books::Books;
use crate::fault::{FaultBoard, FaultError, FaultSwitch, FaultsView};
use crate::plant::{PlantError, VirtualPlant};
use crate::run::locked;

/// One request may move the clock by a day at most, so that a slip does not hang the plant.
const ADVANCE_MAX_MS: u64 = 24 * 3_600 * 1_000;

type Plant = Arc<Mutex<VirtualPlant>>;
type Refusal = (StatusCode, String);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reboot {
    keep_memory: bool,
}

#[derive(Debug, Serialize)]
struct Clock {
    plant_ms: u64,
}

/// The routes over this plant and its faults.
pub fn router(plant: Plant, board: FaultBoard) -> Router {
    let faults = Router::new()
        .route("/plant/faults", get(faults).post(set_fault).delete(clear))
        .with_state(board);
    Router::new()
        .route("/plant/books", get(books))
        .route("/plant/advance", post(advance))
        .route("/plant/reboot", post(reboot))
        .with_state(plant)
        .merge(faults)
}

async fn faults(State(board): State<FaultBoard>) -> Json<FaultsView> {
    Json(board.view())
}

async fn set_fault(
    State(board): State<FaultBoard>,
    Json(switch): Json<FaultSwitch>,
) -> Result<Json<FaultsView>, Refusal> {
    board.set(&switch).map_err(refused)?;
    Ok(Json(board.view()))
}

async fn clear(State(board): State<FaultBoard>) -> Json<FaultsView> {
    board.clear();
    Json(board.view())
}

fn refused(error: FaultError) -> Refusal {
    let status = match &error {
        FaultError::NoSuchFault(_)
        | FaultError::Value { .. }
        | FaultError::NoAmount(_)
        | FaultError::Target(..)
        | FaultError::NoWords(_) => StatusCode::BAD_REQUEST,
        FaultError::Plant(_) | FaultError::Erp(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, error.to_string())
}

async fn books(State(plant): State<Plant>) -> Json<Books> {
    Json(locked(&plant).books())
}

async fn advance(
    State(plant): State<Plant>,
    Json(ask): Json<Advance>,
) -> Result<Json<Clock>, Refusal> {
    if ask.ms > ADVANCE_MAX_MS {
        return Err((
            StatusCode::BAD_REQUEST,
            format!("at most {ADVANCE_MAX_MS} ms at a time"),
        ));
    }
    let mut plant = locked(&plant);
    clock(plant.advance(Duration::from_millis(ask.ms)), &plant)
}

async fn reboot(
    State(plant): State<Plant>,
    Json(ask): Json<Reboot>,
) -> Result<Json<Clock>, Refusal> {
    let mut plant = locked(&plant);
    clock(plant.reboot(ask.keep_memory), &plant)
}

fn clock(done: Result<(), PlantError>, plant: &VirtualPlant) -> Result<Json<Clock>, Refusal> {
    match done {
        Ok(()) => Ok(Json(Clock {
            plant_ms: plant.books().plant_ms,
        })),
        Err(e) => Err((StatusCode::INTERNAL_SERVER_ERROR, e.to_string())),
    }
}
