//! How much one peer may ask for: a bucket of requests that refills with time, and a number of
//! connections. Leaves out wrong secrets, which the application counts for each person.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Buckets that are full again are forgotten beyond this many peers.
const PEERS_MAX: usize = 1_024;

/// Who asks, as far as limits go: an IPv4 address, or the network of an IPv6 address, which gives one
/// machine as many addresses as it likes.
fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (u128::MAX << 64)).into()),
    }
}

/// Requests of each peer within a second. Counts in thousandths of a request.
#[derive(Debug)]
pub(super) struct Rate {
    per_second: i64,
    burst: i64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: i64,
    at_ms: i64,
}

impl Rate {
    /// So many in a second, and twice as many at once after a rest.
    pub(super) fn new(per_second: u32) -> Rate {
        let per_second = i64::from(per_second);
        Rate {
            per_second,
            burst: per_second * 2_000,
            buckets: Mutex::default(),
        }
    }

    /// Takes one request of a peer; false when it has none left. `now_ms` is a monotonic clock's.
    pub(super) fn take(&self, address: IpAddr, now_ms: i64) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        // What came in since, in thousandths: milliseconds times requests a second.
        let filled = |bucket: &Bucket| {
            let since_ms = now_ms.saturating_sub(bucket.at_ms).max(0);
            since_ms
                .saturating_mul(self.per_second)
                .saturating_add(bucket.left)
                .min(self.burst)
        };
        if buckets.len() >= PEERS_MAX {
            buckets.retain(|_, bucket| filled(bucket) < self.burst);
        }
        let bucket = buckets.entry(peer(address)).or_insert(Bucket {
            left: self.burst,
            at_ms: now_ms,
        });
        bucket.left = filled(bucket);
        bucket.at_ms = now_ms;
        let may = bucket.left >= 1_000;
        if may {
            bucket.left -= 1_000;
        }
        may
    }
}

/// Connections that are open, by peer.
#[derive(Debug)]
pub(super) struct Seats {
    each_max: usize,
    all_max: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place; free again when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    peer: IpAddr,
}

impl Seats {
    /// So many for one peer, and four times as many in all.
    pub(super) fn new(each_max: usize) -> Arc<Seats> {
        Arc::new(Seats {
            each_max,
            all_max: each_max.saturating_mul(4),
            taken: Mutex::default(),
        })
    }

    /// A place for a peer, if there is one.
    pub(super) fn take(self: &Arc<Seats>, address: IpAddr) -> Option<Seat> {
        let peer = peer(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let mine = taken.get(&peer).copied().unwrap_or(0);
        if mine >= self.each_max || all >= self.all_max {
            return None;
        }
        taken.insert(peer, mine + 1);
        Some(Seat {
            seats: Arc::clone(self),
            peer,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self
            .seats
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.peer) {
            Some(mine) if *mine > 1 => *mine -= 1,
            _ => {
                taken.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_peer_has_a_burst_and_then_what_refills() {
        let rate = Rate::new(10);
        let took = (0..100).filter(|_| rate.take(at("192.0.2.1"), 0)).count();
        assert_eq!(took, 20);
        assert!(!rate.take(at("192.0.2.1"), 99));
        assert!(rate.take(at("192.0.2.1"), 100));
        assert!(!rate.take(at("192.0.2.1"), 100));
        assert!(rate.take(at("192.0.2.2"), 100), "another one is not bound");
        let took = (0..100)
            .filter(|_| rate.take(at("192.0.2.1"), 3_600_000))
            .count();
        assert_eq!(took, 20, "a long rest gives no more than the burst");
    }

    #[test]
    fn a_clock_that_stands_or_goes_back_gives_nothing() {
        let rate = Rate::new(1);
        assert!(rate.take(at("192.0.2.1"), 10_000));
        assert!(rate.take(at("192.0.2.1"), 10_000));
        assert!(!rate.take(at("192.0.2.1"), 5_000));
        assert!(!rate.take(at("192.0.2.1"), 5_000));
    }

    #[test]
    fn many_peers_do_not_grow_the_table_for_ever() {
        let rate = Rate::new(10);
        for number in 0..10_000_u32 {
            assert!(rate.take(IpAddr::V4(number.into()), i64::from(number) * 1_000));
        }
        assert!(rate.buckets.lock().expect("whole").len() <= PEERS_MAX);
    }

    #[test]
    fn one_machine_has_one_bucket_whatever_address_it_takes() {
        let rate = Rate::new(1);
        assert!(rate.take(at("2001:db8::1"), 0));
        assert!(rate.take(at("2001:db8::2"), 0));
        assert!(!rate.take(at("2001:db8::3"), 0));
        assert!(rate.take(at("2001:db8:0:1::3"), 0));
        assert!(rate.take(at("::ffff:192.0.2.1"), 0));
        assert!(rate.take(at("192.0.2.1"), 0));
        assert!(!rate.take(at("192.0.2.1"), 0));
    }

    #[test]
    fn seats_are_bound_for_one_and_for_all_and_come_back() {
        let seats = Seats::new(2);
        let first = seats.take(at("192.0.2.1")).expect("free");
        let _second = seats.take(at("192.0.2.1")).expect("free");
        assert!(seats.take(at("192.0.2.1")).is_none());
        drop(first);
        let _again = seats.take(at("192.0.2.1")).expect("free again");
        let others: Vec<Seat> = (2..20)
            .filter_map(|number| seats.take(at(&format!("192.0.2.{number}"))))
            .collect();
        assert_eq!(others.len(), 6, "eight in all");
        drop(others);
        assert_eq!(seats.taken.lock().expect("whole").len(), 1);
    }
}
