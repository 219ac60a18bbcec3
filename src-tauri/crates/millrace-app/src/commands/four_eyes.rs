//! Four eyes over the books: who asked for a batch, as the rule of signing wants it and as a refusal names
//! it. Leaves out the rule (`millrace_core::access::four_eyes`) and who closes a message.

use millrace_core::access::four_eyes::FourEyes;
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::UserId;
use millrace_store::table::batch::BatchRow;
use millrace_store::table::order_request::OrderRequest;
use millrace_store::{Read, StoreError};

use crate::error::AppError;

/// Who asked for this batch, when that keeps this person from approving it.
pub(super) fn own_request(
    read: &Read<'_>,
    rule: FourEyes,
    row: &BatchRow,
    signer: UserId,
) -> Result<Option<OrderRequest>, StoreError> {
    let asked = read.order_request(row.order_id)?;
    let requester = asked.as_ref().map(|asked| asked.requester);
    Ok(asked.filter(|_| !rule.may_approve(requester, signer)))
}

/// Refuses to let a person approve what they asked for.
pub(super) fn not_own_request(
    read: &Read<'_>,
    rule: FourEyes,
    row: &BatchRow,
    signer: UserId,
) -> Result<(), AppError> {
    match own_request(read, rule, row, signer)? {
        None => Ok(()),
        Some(asked) => Err(AppError::refusal(
            ErrorCode::OwnRequest,
            format!(
                "{} {}: somebody else must approve {}",
                asked.full_name,
                asked.requester.hand.told(),
                row.label
            ),
        )),
    }
}
