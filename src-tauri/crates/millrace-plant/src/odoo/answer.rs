//! The addon's answers as JSON: envelopes, order shapes, the read-back cut to the BoM quantity.
//! Pure; leaves out who may ask (`route.rs`) and what changes (`change.rs`).

use serde_json::{Value, json};

use super::book::{BookComponent, BookOrder, FailureRow, equipment};
use super::change::{Material, Updated};
use super::wire::kg;

/// The JSON-RPC wrapping of a result.
pub(super) fn result(id: &Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// A business error: HTTP 200, `status` = error.
pub(super) fn refused(message: &str) -> Value {
    json!({"status": "error", "message": message})
}

/// The top-level error of an expired session (code 100, HTTP 200).
pub(super) fn session_expired() -> Value {
    json!({"jsonrpc": "2.0", "id": null, "error": {
        "code": 100, "message": "Odoo Session Expired",
        "data": {"name": "odoo.http.SessionExpiredException", "message": "Session expired",
                 "arguments": ["Session expired"], "context": {}, "debug": ""}}})
}

/// The top-level error of the standard login with a wrong name or password.
pub(super) fn access_denied(id: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {
        "code": 200, "message": "Odoo Server Error",
        "data": {"name": "odoo.exceptions.AccessDenied", "message": "Access Denied",
                 "arguments": ["Access Denied"], "context": {}, "debug": ""}}})
}

/// One item of `mo-list-detailed`, also the `data` of `mo-detail`.
pub(super) fn detailed(order: &BookOrder) -> Value {
    json!({
        "mo_id": order.name,
        "reference": order.reference,
        "state": order.state.word(),
        "schedule_start": order.schedule_start,
        "schedule_end": null,
        "equipment": equipment_json(&order.equipment),
        "product_tmpl_id": order.id + 50_000,
        "product_id": order.id + 60_000,
        "product_name": order.product,
        "quantity": kg(order.quantity_g),
        "produced_qty": kg(order.produced_g),
        "uom": "kg",
        "bom_id": order.id + 10,
        "bom_code": null,
        "bom_components": order.components.iter().map(bom_component).collect::<Vec<_>>(),
        "components_consumption": order.components.iter().map(consumption).collect::<Vec<_>>(),
    })
}

/// One item of `mo-list-confirmed`.
pub(super) fn brief(order: &BookOrder) -> Value {
    json!({
        "mo_id": order.name,
        "reference": order.reference,
        "schedule": order.schedule_start,
        "schedule_end": null,
        "product": order.product,
        "quantity": kg(order.quantity_g),
        "state": order.state.word(),
        "equipment": equipment_json(&order.equipment),
    })
}

fn bom_component(component: &BookComponent) -> Value {
    json!({
        "product_tmpl_id": component.product_id - 6,
        "product_id": component.product_id,
        "product_name": component.product,
        "quantity": kg(component.to_consume_g),
        "uom": "kg",
    })
}

fn consumption(component: &BookComponent) -> Value {
    // What was consumed over the BoM line cannot be seen over this route.
    let shown = component.consumed_g.min(component.to_consume_g);
    json!({
        "product_tmpl_id": component.product_id - 6,
        "product_id": component.product_id,
        "product_name": component.product,
        "to_consume": kg(component.to_consume_g),
        "reserved": kg(component.to_consume_g),
        "consumed": kg(shown),
        "uom": "kg",
        "equipment": equipment_json(&component.equipment),
    })
}

fn equipment_json(code: &str) -> Value {
    let (name, kind) = equipment(code).unwrap_or((code, "silo"));
    let id: i64 = code.bytes().map(i64::from).sum();
    json!({"id": id, "code": code, "name": name, "equipment_type": kind, "is_active": true})
}

/// The answer to `mo/update-with-consumptions`; `errors` is absent when there are none.
pub(super) fn updated(done: &Updated) -> Value {
    let mut answer = json!({
        "status": "success",
        "message": if done.errors.is_empty() { "MO updated successfully" } else { "MO updated with some errors" },
        "mo_id": done.order,
        "mo_state": done.state.word(),
        "consumed_items": done.applied.iter().map(|item| json!({
            "equipment_code": item.equipment,
            "equipment_name": item.name,
            "applied_qty": kg(item.applied_g),
            "move_ids": [item.move_id],
            "products": [item.product],
        })).collect::<Vec<_>>(),
    });
    if let Some(finished) = done.finished_g {
        answer["updated_finished_qty"] = kg(finished);
    }
    if let Some(target) = done.rescaled_g {
        answer["updated_quantity"] = kg(target);
    }
    if !done.errors.is_empty() {
        answer["errors"] = json!(done.errors);
    }
    answer
}

/// The answer to `equipment-failure`.
pub(super) fn failure(row: &FailureRow) -> Value {
    json!({"status": "success", "message": "Equipment failure recorded", "data": failure_data(row)})
}

/// The list of `equipment-failure`.
pub(super) fn failures(rows: &[&FailureRow]) -> Value {
    let data: Vec<Value> = rows.iter().map(|row| failure_data(row)).collect();
    json!({"status": "success", "count": data.len(), "data": data})
}

fn failure_data(row: &FailureRow) -> Value {
    json!({"id": row.id, "equipment_code": row.equipment, "description": row.description,
        "equipment_name": equipment(&row.equipment).map(|(name, _)| name), "date": row.date})
}

/// The answer to `material-consumption`.
pub(super) fn material(done: &Material) -> Value {
    json!({"status": "success", "message": "Material consumption recorded", "mo_id": done.order,
        "mo_state": "progress", "applied_qty": kg(done.applied_g), "move_ids": [done.move_id],
        "update_mode": done.mode, "can_update_again": true})
}
