//! Failed logins, counted per account and per address, so that passwords cannot be tried out; and signups per address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use edgesync_schemas::limit;

use crate::error::Problem;

const WINDOW: Duration = Duration::from_secs(limit::LOGIN_WINDOW_S);

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Account(String),
    Address(IpAddr),
    /// An address, by its signups.
    Signup(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    since: Instant,
}

/// The counts. At most twice [`limit::LOGIN_MEMORY`] of them.
#[derive(Debug, Default)]
pub struct Attempts {
    // A std lock: held for a look-up, never across an await.
    failures: Mutex<HashMap<Who, Failures>>,
}

impl Attempts {
    /// Counts an attempt before it is made, as if it had failed: so that many at once are no way round.
    ///
    /// # Errors
    /// 429 with the seconds until the count starts again.
    pub fn begin(&self, account: &str, address: Option<IpAddr>, now: Instant) -> Result<(), Problem> {
        self.count(
            &keys(account, address).collect::<Vec<_>>(),
            "too many failed logins, try again later",
            now,
        )
    }

    /// Counts a signup, whatever comes of it.
    ///
    /// # Errors
    /// As [`Attempts::begin`].
    pub fn begin_signup(&self, address: Option<IpAddr>, now: Instant) -> Result<(), Problem> {
        let who = address.map(|address| (Who::Signup(network(address)), limit::SIGNUPS_PER_ADDRESS));
        self.count(who.as_slice(), "too many signups, try again later", now)
    }

    /// Counts one for each of `keys`, if none of them has had as many as it may.
    fn count(&self, keys: &[(Who, u32)], refusal: &'static str, now: Instant) -> Result<(), Problem> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for (who, most) in keys {
            if let Some(found) = failures.get(who)
                && now < found.since + WINDOW
                && found.count >= *most
            {
                let left = (found.since + WINDOW).saturating_duration_since(now);
                return Err(Problem::too_many(refusal, left.as_secs() + 1));
            }
        }
        for (who, _) in keys {
            make_room(&mut failures, now);
            let found = failures.entry(who.clone()).or_insert(Failures { count: 0, since: now });
            if now >= found.since + WINDOW {
                *found = Failures { count: 0, since: now };
            }
            found.count += 1;
        }
        Ok(())
    }

    /// Takes back an attempt that did not fail.
    pub fn succeeded(&self, account: &str, address: Option<IpAddr>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for (who, _) in keys(account, address) {
            if let Some(found) = failures.get_mut(&who) {
                found.count = found.count.saturating_sub(1);
                if found.count == 0 {
                    failures.remove(&who);
                }
            }
        }
    }
}

fn keys(account: &str, address: Option<IpAddr>) -> impl Iterator<Item = (Who, u32)> {
    let account = (Who::Account(account.to_owned()), limit::LOGIN_FAILURES_PER_ACCOUNT);
    let address = address.map(|address| (Who::Address(network(address)), limit::LOGIN_FAILURES_PER_ADDRESS));
    std::iter::once(account).chain(address)
}

/// The address, or the /64 network of an IPv6 one: whoever has one address of it has all.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Forgets what is over; if that is not enough, those that failed least.
fn make_room(failures: &mut HashMap<Who, Failures>, now: Instant) {
    if failures.len() < 2 * limit::LOGIN_MEMORY {
        return;
    }
    failures.retain(|_, found| now < found.since + WINDOW);
    let mut least = 1;
    while failures.len() > limit::LOGIN_MEMORY {
        failures.retain(|_, found| found.count > least);
        least *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[test]
    fn an_account_is_closed_to_guessing_until_the_window_has_passed() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        for _ in 0..limit::LOGIN_FAILURES_PER_ACCOUNT {
            attempts.begin("ada", HOME, start).unwrap();
        }
        let problem = attempts.begin("ada", None, start + Duration::from_secs(10)).unwrap_err();
        assert_eq!((problem.status.as_u16(), problem.retry_after_s), (429, Some(limit::LOGIN_WINDOW_S - 9)));
        attempts.begin("bob", HOME, start).unwrap();
        attempts.begin("ada", HOME, start + WINDOW).unwrap();
    }

    #[test]
    fn an_address_cannot_try_one_password_on_all_accounts() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for n in 0..limit::LOGIN_FAILURES_PER_ADDRESS {
            attempts.begin(&n.to_string(), HOME, now).unwrap();
        }
        assert!(attempts.begin("another", HOME, now).is_err());
    }

    #[test]
    fn an_address_signs_up_a_bounded_number_of_times_and_logs_in_all_the_same() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        for _ in 0..limit::SIGNUPS_PER_ADDRESS {
            attempts.begin_signup(HOME, start).unwrap();
        }
        let problem = attempts.begin_signup(HOME, start).unwrap_err();
        assert_eq!((problem.status.as_u16(), problem.retry_after_s), (429, Some(limit::LOGIN_WINDOW_S + 1)));
        attempts.begin("ada", HOME, start).unwrap();
        attempts.begin_signup(None, start).unwrap();
        attempts.begin_signup(HOME, start + WINDOW).unwrap();
    }

    #[test]
    fn logins_that_succeed_do_not_count() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..1000 {
            attempts.begin("ada", HOME, now).unwrap();
            attempts.succeeded("ada", HOME);
        }
    }

    #[test]
    fn memory_is_bounded_and_who_failed_most_is_remembered() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..limit::LOGIN_FAILURES_PER_ACCOUNT {
            attempts.begin("ada", None, now).unwrap();
        }
        for n in 0..3 * limit::LOGIN_MEMORY {
            attempts.begin(&n.to_string(), None, now).unwrap();
        }
        assert!(attempts.begin("ada", None, now).is_err());
        assert!(attempts.failures.lock().unwrap().len() <= 2 * limit::LOGIN_MEMORY);
    }
}
