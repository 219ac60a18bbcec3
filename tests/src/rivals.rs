//! Two who do the same at once. Leaves out what each test asks them to do.

use millrace_app::AppError;
use serde_json::Value;

/// Exactly one of two came through; answers whether it was the first, and what the other was told.
pub fn one_of(a: Result<Value, AppError>, b: Result<Value, AppError>) -> (bool, AppError) {
    match (a, b) {
        (Ok(_), Err(refused)) => (true, refused),
        (Err(refused), Ok(_)) => (false, refused),
        other => panic!("exactly one of them acts: {other:#?}"),
    }
}
