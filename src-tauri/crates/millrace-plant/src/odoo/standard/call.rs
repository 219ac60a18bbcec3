//! One call of a model's method: what is asked, whether it may be, and what it gives.
//! Leaves out transport (`serve.rs`) and what changes (`produce.rs`).

use serde_json::{Map, Value, json};

use super::super::book::OdooBook;
use super::super::fault::CallKind;
use super::{Fault, OdooVersion, StandardSetup, posting, produce, record};

/// A call, whichever way it came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) model: String,
    pub(super) method: String,
    pub(super) ids: Vec<i64>,
    pub(super) named: Map<String, Value>,
    pub(super) context: Map<String, Value>,
}

/// The names of a method's arguments by their places, behind the ids if it has any.
fn places(method: &str) -> Option<(bool, &'static [&'static str])> {
    Some(match method {
        "search_read" => (false, &["domain", "fields", "offset", "limit", "order"]),
        "search_count" => (false, &["domain"]),
        "fields_get" => (false, &["allfields", "attributes"]),
        "check_access_rights" => (false, &["operation", "raise_exception"]),
        "has_access" => (true, &["operation"]),
        "read" => (true, &["fields"]),
        "write" => (true, &["vals"]),
        "button_mark_done" | "action_cancel" | "do_unreserve" => (true, &[]),
        "info" => (false, &[]),
        "book" => (
            false,
            &[
                "key",
                "production_id",
                "lines",
                "finished_qty",
                "mark_done",
                "keep",
                "anchor",
            ],
        ),
        _ => return None,
    })
}

fn no_method(model: &str, method: &str) -> Fault {
    Fault::new(
        "builtins.AttributeError",
        format!("The method '{model}.{method}' does not exist"),
    )
}

impl Call {
    /// From the arguments of `execute_kw`.
    pub(super) fn placed(
        model: &str,
        method: &str,
        args: &[Value],
        named: &Map<String, Value>,
    ) -> Result<Call, Fault> {
        let (has_ids, names) = places(method).ok_or_else(|| no_method(model, method))?;
        let mut named = named.clone();
        let mut args = args.iter();
        let ids = if has_ids { args.next() } else { None };
        for (name, value) in names.iter().zip(args) {
            named.insert((*name).to_owned(), value.clone());
        }
        if let Some(ids) = ids {
            named.insert("ids".to_owned(), ids.clone());
        }
        Call::named(model, method, named)
    }

    /// From the body of `/json/2`.
    pub(super) fn named(
        model: &str,
        method: &str,
        mut named: Map<String, Value>,
    ) -> Result<Call, Fault> {
        let (_, names) = places(method).ok_or_else(|| no_method(model, method))?;
        let context = match named.remove("context") {
            Some(Value::Object(context)) => context,
            Some(_) | None => Map::new(),
        };
        let ids = match named.remove("ids") {
            Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_i64).collect(),
            Some(id) => id.as_i64().into_iter().collect(),
            None => Vec::new(),
        };
        if let Some(odd) = named.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(Fault::new(
                "builtins.TypeError",
                format!("{method}() got an unexpected keyword argument '{odd}'"),
            ));
        }
        Ok(Call {
            model: model.to_owned(),
            method: method.to_owned(),
            ids,
            named,
            context,
        })
    }

    /// What it is to the faults. Giving reservations back changes no quantity.
    pub(super) fn kind(&self) -> CallKind {
        match self.method.as_str() {
            "write" | "button_mark_done" | "action_cancel" | "book" => CallKind::Write,
            _ => CallKind::Read,
        }
    }

    fn operation(&self) -> &'static str {
        match self.kind() {
            CallKind::Write => "write",
            CallKind::Read | CallKind::Entry => "read",
        }
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let list = self.named.get(name).and_then(Value::as_array);
        list.map(|list| {
            list.iter()
                .filter_map(|text| text.as_str().map(str::to_owned))
                .collect()
        })
        .unwrap_or_default()
    }

    fn count(&self, name: &str) -> Option<usize> {
        usize::try_from(self.named.get(name)?.as_u64()?).ok()
    }
}

/// Carries a call out.
pub(super) fn run(
    book: &mut OdooBook,
    setup: &StandardSetup,
    login: &str,
    call: &Call,
) -> Result<Value, Fault> {
    let version = setup.version;
    if setup.has_posting
        && call.model == posting::MODEL
        && matches!(call.method.as_str(), "info" | "book")
    {
        let right = "write mrp.production".to_owned();
        if call.kind() == CallKind::Write && setup.denied.contains(&right) {
            return Err(Fault::new(
                "odoo.exceptions.AccessError",
                "You are not allowed to modify 'Production Order' (mrp.production) records.",
            ));
        }
        return posting::run(book, setup, call);
    }
    let rows = record::all(book, version, login, &call.model)
        .ok_or_else(|| Fault::user(format!("Object {} doesn't exist", call.model)))?;
    let denied = |operation: &str| {
        let what = format!("{operation} {}", call.model);
        setup.denied.contains(&what)
    };
    if matches!(call.method.as_str(), "check_access_rights" | "has_access") {
        let is_there = (call.method == "has_access") == (version >= OdooVersion::V18);
        if !is_there {
            return Err(no_method(&call.model, &call.method));
        }
        let operation = call.named.get("operation").and_then(Value::as_str);
        return Ok(json!(!denied(operation.unwrap_or_default())));
    }
    if denied(call.operation()) {
        return Err(Fault::new(
            "odoo.exceptions.AccessError",
            format!("You are not allowed to {} {}", call.operation(), call.model),
        ));
    }
    match call.method.as_str() {
        "fields_get" => Ok(fields(&rows, &call.texts("allfields"))),
        "read" => call
            .ids
            .iter()
            .filter_map(|id| rows.iter().find(|row| row["id"] == *id))
            .map(|row| record::cut(row, &call.model, &call.texts("fields")))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array),
        "search_read" | "search_count" => search(rows, call),
        "write" | "button_mark_done" | "action_cancel" | "do_unreserve"
            if call.model == "mrp.production" =>
        {
            let [id] = call.ids.as_slice() else {
                return Err(Fault::new("builtins.ValueError", "Expected singleton"));
            };
            change(book, setup, *id, call)
        }
        _ => Err(no_method(&call.model, &call.method)),
    }
}

fn change(
    book: &mut OdooBook,
    setup: &StandardSetup,
    id: i64,
    call: &Call,
) -> Result<Value, Fault> {
    let version = setup.version;
    match call.method.as_str() {
        "write" => {
            let values = call.named.get("vals").and_then(Value::as_object);
            let none = Map::new();
            book.standard_write(version, id, values.unwrap_or(&none), &call.context)?;
            Ok(Value::Bool(true))
        }
        "action_cancel" => book
            .standard_cancel(version, id)
            .map(|()| Value::Bool(true)),
        "do_unreserve" => book.unreserve(id).map(|()| Value::Null),
        _ => {
            if let Some(model) = &setup.asks {
                return Ok(produce::wizard(model, "Are you sure?", id));
            }
            let answer = book.standard_done(version, id, &call.context)?;
            Ok(match answer {
                Value::Bool(true) if setup.prints => {
                    json!({"type": "ir.actions.report", "report_name": "mrp.report_mrporder"})
                }
                answer => answer,
            })
        }
    }
}

fn search(mut rows: Vec<Value>, call: &Call) -> Result<Value, Fault> {
    let domain = call.named.get("domain").and_then(Value::as_array);
    let domain = domain.map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    for row in rows.drain(..) {
        if record::meets(&row, &call.model, domain)? {
            found.push(row);
        }
    }
    if call.method == "search_count" {
        return Ok(json!(found.len()));
    }
    let order = call.named.get("order").and_then(Value::as_str);
    if let Some(first) = order.and_then(|order| order.split([',', ' ']).next()) {
        found.sort_by(|a, b| {
            let key = |row: &Value| (row[first].to_string(), row["id"].as_i64());
            key(a).cmp(&key(b))
        });
    }
    found
        .iter()
        .skip(call.count("offset").unwrap_or(0))
        .take(call.count("limit").unwrap_or(usize::MAX))
        .map(|row| record::cut(row, &call.model, &call.texts("fields")))
        .collect::<Result<Vec<_>, _>>()
        .map(Value::Array)
}

/// The asked fields that the model has.
fn fields(rows: &[Value], asked: &[String]) -> Value {
    let Some(Value::Object(row)) = rows.first() else {
        return json!({});
    };
    let found: Map<String, Value> = row
        .keys()
        .filter(|name| asked.is_empty() || asked.contains(name))
        .map(|name| (name.clone(), json!({"type": "char"})))
        .collect();
    Value::Object(found)
}
