//! The test's own routes: look into the book, order faults, add and edit orders, start over.
//! Leaves out authentication: the server listens on loopback only.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::OdooError;
use super::book::NewOrder;
use super::edit::OrderEdit;
use super::fault::FaultChange;
use super::server::VirtualOdoo;
use super::standard::StandardSetup;

pub(super) fn routes() -> Router<Arc<VirtualOdoo>> {
    Router::new()
        .route("/sim/book", get(book))
        .route("/sim/faults", post(faults))
        .route("/sim/order", post(order))
        .route("/sim/order/edit", post(edit))
        .route("/sim/reset", post(reset))
        .route("/sim/standard", post(standard))
}

async fn book(State(odoo): State<Arc<VirtualOdoo>>) -> Response {
    Json(odoo.view()).into_response()
}

async fn faults(State(odoo): State<Arc<VirtualOdoo>>, Json(change): Json<FaultChange>) -> Response {
    match odoo.set_faults(&change) {
        Ok(faults) => Json(faults).into_response(),
        Err(error) => failed(&error),
    }
}

async fn order(State(odoo): State<Arc<VirtualOdoo>>, Json(order): Json<NewOrder>) -> Response {
    match odoo.add_order(order) {
        Ok(()) => Json(json!({"added": true})).into_response(),
        Err(error) => failed(&error),
    }
}

async fn standard(
    State(odoo): State<Arc<VirtualOdoo>>,
    Json(setup): Json<StandardSetup>,
) -> Response {
    odoo.set_standard(setup);
    Json(odoo.standard()).into_response()
}

async fn edit(State(odoo): State<Arc<VirtualOdoo>>, Json(edit): Json<OrderEdit>) -> Response {
    match odoo.edit_order(edit) {
        Ok(()) => Json(json!({"edited": true})).into_response(),
        Err(error) => failed(&error),
    }
}

async fn reset(State(odoo): State<Arc<VirtualOdoo>>) -> Response {
    match odoo.reset() {
        Ok(()) => Json(json!({"reset": true})).into_response(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &OdooError) -> Response {
    let status = match error {
        OdooError::Duplicate(_) => StatusCode::CONFLICT,
        OdooError::Unknown(_) => StatusCode::NOT_FOUND,
        OdooError::StateFile { .. } | OdooError::StateContent { .. } | OdooError::Demo(_) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    (status, Json(json!({"error": error.to_string()}))).into_response()
}
