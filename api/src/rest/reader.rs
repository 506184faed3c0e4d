//! Who reads a widget: somebody with an account, or whoever has a share link.

use edgesync_actors::live::Account;
use edgesync_schemas::id::{ShareLinkId, UserId};

/// As whom a widget is read, and on whose account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    /// Who is asked for.
    pub(super) user: UserId,
    /// Whose limits count.
    pub(super) account: Account,
}

impl Reader {
    /// Whoever has a link of this user's.
    pub(super) fn by_link(link: ShareLinkId, creator: UserId) -> Self {
        Self { user: creator, account: Account::Link(link) }
    }

    /// Whose turn it is to read history: a link's is not its creator's.
    pub(super) fn turn(self) -> UserId {
        match self.account {
            Account::User(user) => user,
            Account::Link(link) => UserId::from_uuid(link.uuid()),
        }
    }
}

impl From<UserId> for Reader {
    fn from(user: UserId) -> Self {
        Self { user, account: user.into() }
    }
}
