//! Passwords: hashed with Argon2id, a few at a time, and as slowly for an account that does not exist.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use edgesync_schemas::entity::user::Password;
use edgesync_schemas::limit;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Problem;

/// What an unknown user's password is checked against: parameters as ours, and a hash that no password is known to have.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$ZWRnZXN5bmMtZGVjb3k$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Where passwords are hashed. Each takes 19 MiB and some 20 ms of a core: as many at once as there are cores, and no more
/// than [`limit::PASSWORD_QUEUE`] waiting. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Passwords {
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cores: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(cores + limit::PASSWORD_QUEUE)),
        }
    }
}

impl Passwords {
    /// Hashes a new password. Cancel safe.
    ///
    /// # Errors
    /// 503 if too many are waiting.
    pub async fn hash(&self, password: Password) -> Result<String, Problem> {
        self.run(move || {
            let mut salt = [0; 16];
            getrandom::fill(&mut salt).ok()?;
            let salt = SaltString::encode_b64(&salt).ok()?;
            Some(hasher()?.hash_password(password.reveal().as_bytes(), &salt).ok()?.to_string())
        })
        .await?
        .ok_or_else(|| Problem::internal(&Failed))
    }

    /// Whether this is the password behind `hash`; without a hash it takes as long, and is not. Cancel safe.
    ///
    /// # Errors
    /// 503 if too many are waiting.
    pub async fn verify(&self, password: Password, hash: Option<String>) -> Result<bool, Problem> {
        self.run(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| DECOY.to_owned());
            let Ok(hash) = PasswordHash::new(&hash) else { return false };
            // The parameters are the hash's own, so that they can be raised later.
            Argon2::default().verify_password(password.reveal().as_bytes(), &hash).is_ok() && known
        })
        .await
    }

    /// With no room for anybody to wait.
    #[cfg(test)]
    pub(crate) fn full() -> Self {
        Self { queue: Arc::new(Semaphore::new(0)), ..Self::default() }
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let Ok(place) = Arc::clone(&self.queue).try_acquire_owned() else { return Err(Problem::busy()) };
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| Problem::busy())?;
        // The places go along: work that was started goes on even if whoever asked hangs up.
        let work = tokio::task::spawn_blocking(move || {
            let _held: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (place, core);
            work()
        });
        work.await.map_err(|error| Problem::internal(&error))
    }
}

/// m = 19 MiB, t = 2, p = 1: the minimum of OWASP's password storage cheat sheet (2024).
fn hasher() -> Option<Argon2<'static>> {
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).ok()?))
}

#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed")]
struct Failed;

#[cfg(test)]
mod tests {
    use edgesync_schemas::entity::user::Login;
    use serde_json::json;

    use super::*;

    fn password(text: &str) -> Password {
        Login::read(json!({"email": "", "password": text})).unwrap().password
    }

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let passwords = Passwords::default();
        let hash = passwords.hash(password("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify(password("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify(password("correct mule"), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_user_costs_the_same_work() {
        let decoy = PasswordHash::new(DECOY).unwrap();
        let (of_decoy, hasher) = (Params::try_from(&decoy).unwrap(), hasher().unwrap());
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        assert_eq!(cost(&of_decoy), cost(hasher.params()));
        assert_eq!(decoy.hash.unwrap().len(), 32);
        assert!(!Passwords::default().verify(password("x"), None).await.unwrap());
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_is_told_to_come_back() {
        let passwords = Passwords::full();
        assert_eq!(passwords.hash(password("x")).await.unwrap_err().status, 503);
    }
}
