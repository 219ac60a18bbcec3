//! HTTP routes by which a test looks into the plant's books and moves its clock:
//!
//! | route | body | answer |
//! |---|---|---|
//! | `GET /plant/books` | | [`Books`] |
//! | `POST /plant/advance` | `{"ms": 5000}` plant time | `{"plant_ms": …}` |
//! | `POST /plant/reboot` | `{"keep_memory": true}` | `{"plant_ms": …}` |
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

/// The routes over this plant.
pub fn router(plant: Plant) -> Router {
    Router::new()
        .route("/plant/books", get(books))
        .route("/plant/advance", post(advance))
        .route("/plant/reboot", post(reboot))
        .with_state(plant)
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
