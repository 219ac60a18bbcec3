//! Where a command comes from, for the audit trail: the window's computer or the address of a browser.
//! It goes with the task that carries the command out, so that no body has to pass it on, and a
//! transaction takes it along to the writer. Leaves out finding the name: that is the transports'.

use std::future::Future;

tokio::task_local! {
    static STATION: String;
}

/// Longest name that is kept; a header or a host name of another making must not fill the books.
const CHARS_MAX: usize = 64;

/// Carries `work` out as done at this station.
pub(crate) async fn at<T>(station: &str, work: impl Future<Output = T>) -> T {
    let station = station
        .chars()
        .filter(|letter| !letter.is_control())
        .take(CHARS_MAX)
        .collect();
    STATION.scope(station, work).await
}

/// The station of the command under way; empty for the engine and the jobs.
pub(crate) fn current() -> String {
    STATION.try_with(Clone::clone).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_station_holds_for_its_command_only() {
        assert_eq!(at("panel-1\n", async { current() }).await, "panel-1");
        assert_eq!(at(&"x".repeat(99), async { current() }).await.len(), 64);
        assert_eq!(current(), "");
    }
}
