//! What runs for each user, so that nobody takes all the places that there are for long work.
//!
//! - Memory: an entry per user for whom something runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use edgesync_schemas::id::UserId;

/// What of one kind runs, for each user. Cheap to clone: a handle.
#[derive(Debug, Clone)]
pub struct Runs {
    most: usize,
    /// A std mutex: held for one look-up, never across an await.
    by_user: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// One that runs. Dropped: it has ended.
#[derive(Debug)]
pub struct Running {
    runs: Runs,
    user: UserId,
}

impl Runs {
    /// Of each user, so many at once.
    pub fn at_most(most: usize) -> Self {
        Self { most, by_user: Arc::default() }
    }

    /// Begins one for a user. `None` if as many run as may.
    pub fn begin(&self, user: UserId) -> Option<Running> {
        let mut by_user = self.by_user.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_user.get(&user).copied().unwrap_or_default();
        if count >= self.most {
            return None;
        }
        by_user.insert(user, count + 1);
        Some(Running { runs: self.clone(), user })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut by_user = self.runs.by_user.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_user.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                by_user.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_user_has_so_many_and_leaves_nothing_behind() {
        let runs = Runs::at_most(2);
        let [ada, bob] = [1, 2].map(|n| UserId::from_uuid(Uuid::from_u128(n)));
        let first = runs.begin(ada).unwrap();
        let second = runs.begin(ada).unwrap();
        assert!(runs.begin(ada).is_none());
        assert!(runs.begin(bob).is_some());
        drop(first);
        let third = runs.begin(ada).unwrap();
        assert!(runs.begin(ada).is_none());
        drop((second, third));
        assert!(runs.by_user.lock().unwrap().is_empty());
    }
}
