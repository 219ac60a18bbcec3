//! What a request asks of the ERP, by its own bytes: whether it books, closes an order, or neither. A spoiled
//! answer matters most on the first two, so they are counted apart. Leaves out what becomes of it (`proxy`).

use serde_json::Value;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asks {
    /// Book a consumption.
    Post,
    /// Close an order.
    Close,
    /// To be let in, to read, or to get ready.
    Other,
}

impl Asks {
    /// Of one whole HTTP request.
    pub(crate) fn of(request: &[u8]) -> Asks {
        let text = String::from_utf8_lossy(request);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let path = head.split_whitespace().nth(1).unwrap_or_default();
        match path {
            "/api/scada/mo/update-with-consumptions" => Asks::Post,
            "/api/scada/mo/mark-done" => Asks::Close,
            "/jsonrpc" => {
                let call: Value = serde_json::from_str(body).unwrap_or_default();
                let word = |n: &str| call.pointer(n).and_then(Value::as_str).unwrap_or_default();
                if word("/params/method") == "execute_kw" {
                    Asks::of_method(word("/params/args/3"), word("/params/args/4"))
                } else {
                    Asks::Other
                }
            }
            _ => match path
                .strip_prefix("/json/2/")
                .and_then(|at| at.split_once('/'))
            {
                Some((model, method)) => Asks::of_method(model, method),
                None => Asks::Other,
            },
        }
    }

    fn of_method(model: &str, method: &str) -> Asks {
        match (model, method) {
            ("mrp.production", "write") | ("millrace.posting", "book") => Asks::Post,
            ("mrp.production", "button_mark_done") => Asks::Close,
            _ => Asks::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Asks;

    fn request(path: &str, body: &str) -> Vec<u8> {
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\nhost: erp\r\ncontent-length: {length}\r\n\r\n{body}")
            .into_bytes()
    }

    fn execute(model: &str, method: &str) -> Vec<u8> {
        let args = json!(["demo", 2, "secret", model, method, [[7]], {}]);
        let params = json!({ "service": "object", "method": "execute_kw", "args": args });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "params": params }).to_string();
        request("/jsonrpc", &body)
    }

    #[test]
    fn each_way_of_booking_and_of_closing_is_known_and_nothing_else_is_taken_for_it() {
        let plain = |path| Asks::of(&request(path, "{}"));
        let booking = [
            plain("/api/scada/mo/update-with-consumptions"),
            plain("/json/2/mrp.production/write"),
            plain("/json/2/millrace.posting/book"),
            Asks::of(&execute("mrp.production", "write")),
            Asks::of(&execute("millrace.posting", "book")),
        ];
        assert_eq!(booking, [Asks::Post; 5]);
        let closing = [
            plain("/api/scada/mo/mark-done"),
            plain("/json/2/mrp.production/button_mark_done"),
            Asks::of(&execute("mrp.production", "button_mark_done")),
        ];
        assert_eq!(closing, [Asks::Close; 3]);
        let other = [
            plain("/api/scada/authenticate"),
            plain("/api/scada/mo-detail"),
            plain("/json/2/mrp.production/do_unreserve"),
            plain("/jsonrpc"),
            Asks::of(&execute("mrp.production", "search_read")),
            Asks::of(b"no request"),
        ];
        assert_eq!(other, [Asks::Other; 6]);
    }
}
