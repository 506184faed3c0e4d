use edgesync_schemas::entity::api_token::{ApiTokenInput, Scope};
use edgesync_schemas::entity::audit::AuditAction;
use edgesync_schemas::entity::organization::OrganizationInput;
use edgesync_schemas::entity::session::Origin;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use serde_json::json;

use super::*;
use crate::catalog::idempotency::{Reserved, carry_on, carrying};
use crate::catalog::{Admission, AuditFilter, Slice, token};

fn token_input(body: Value) -> ApiTokenInput {
    ApiTokenInput::read(body, now()).unwrap()
}

#[tokio::test]
async fn an_api_token_is_found_by_its_hash_until_it_is_deleted() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let c = &f.catalog;
    let input = token_input(json!({"name": "ci", "scopes": ["write", "read"]}));
    let (made, token) = c.create_api_token(ada.user.id, input).await.unwrap();
    assert!(token.reveal().starts_with("esa_") && token.reveal().starts_with(&made.token_prefix));
    let (found, user) = c.api_token(&token.hash()).await.unwrap().unwrap();
    assert_eq!((found.id, &found.scopes, &user), (made.id, &vec![Scope::Read, Scope::Write], &ada.user));
    let used = found.last_used_at.unwrap();
    let (again, _) = c.api_token(&token.hash()).await.unwrap().unwrap();
    assert_eq!(again.last_used_at, Some(used), "use is written at most once an hour");
    assert_eq!(c.api_tokens(ada.user.id, Slice::FIRST).await.unwrap().items, [again]);
    assert!(c.api_tokens(bob.user.id, Slice::FIRST).await.unwrap().items.is_empty());
    assert_not_found(c.delete_api_token(bob.user.id, made.id).await);
    c.delete_api_token(ada.user.id, made.id).await.unwrap();
    assert!(c.api_token(&token.hash()).await.unwrap().is_none());
    assert_not_found(c.delete_api_token(ada.user.id, made.id).await);
    let noted = c.account_audit(ada.user.id, AuditFilter::default(), Slice::FIRST).await.unwrap().items;
    assert_eq!(noted[0].action, AuditAction::ApiTokenDeleted);
    assert!(!format!("{noted:?}").contains(token.reveal()));
}

#[tokio::test]
async fn an_api_token_ends_with_its_time_and_with_what_its_owner_may() {
    let f = fixture();
    let (ada, bob) = (f.sign_up("ada@example.org").await, f.sign_up("bob@example.org").await);
    let (c, org) = (&f.catalog, ada.organization.id);
    let body = json!({"name": "n", "scopes": ["read"], "organization_id": org});
    let refused = c.create_api_token(bob.user.id, token_input(body.clone())).await;
    assert!(matches!(refused, Err(Error::Missing { field: "organization_id" })), "{refused:?}");
    f.join(org, bob.user.id).await;
    let (_, of_member) = c.create_api_token(bob.user.id, token_input(body)).await.unwrap();
    assert!(c.api_token(&of_member.hash()).await.unwrap().is_some());
    c.remove_member(ada.user.id, org, bob.user.id).await.unwrap();
    assert!(c.api_token(&of_member.hash()).await.unwrap().is_none());

    let end = now().plus_us(3_600_000_000);
    let body = json!({"name": "n", "scopes": ["read"], "expires_at": end});
    let (made, ending) = c.create_api_token(bob.user.id, token_input(body)).await.unwrap();
    assert!(c.api_token(&ending.hash()).await.unwrap().is_some());
    let mut tx = c.db.begin().await.unwrap();
    let sql = "UPDATE api_tokens SET expires_at = $1 WHERE id = $2";
    tx.execute(sql, vec![now().into(), made.id.into()]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(c.api_token(&ending.hash()).await.unwrap().is_none());
    assert!(c.api_token(&token::hash("esa_guess")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_api_tokens() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let make = async || {
        f.catalog.create_api_token(ada.user.id, token_input(json!({"name": "n", "scopes": ["read"]}))).await
    };
    for _ in 0..limit::API_TOKENS_PER_USER {
        make().await.unwrap();
    }
    assert!(matches!(make().await, Err(Error::LimitReached { code: "api_token_limit_reached", .. })));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_user_alone() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    let c = &f.catalog;
    let (second, _) = c.create_session(ada.user.id, Origin::default()).await.unwrap();
    let (third, _) = c.create_session(ada.user.id, Origin::default()).await.unwrap();
    let ids = async || {
        let listed = c.sessions(ada.user.id, Slice::FIRST).await.unwrap().items;
        listed.into_iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!(ids().await, [ada.session.id, second.id, third.id]);
    assert_not_found(c.end_session_of(eve.user.id, second.id).await);
    c.end_session_of(ada.user.id, second.id).await.unwrap();
    assert_not_found(c.end_session_of(ada.user.id, second.id).await);
    assert_eq!(c.end_other_sessions(ada.user.id, third.id).await.unwrap(), 1);
    assert_eq!(ids().await, [third.id]);
    assert!(c.session(&eve.token.hash()).await.unwrap().is_some());
}

#[tokio::test]
async fn of_many_first_users_at_once_one_is_let_in() {
    let f = fixture();
    assert!(!f.catalog.has_users().await.unwrap());
    let tries: Vec<_> = (0..8)
        .map(|n| {
            let catalog = f.catalog.clone();
            tokio::spawn(async move {
                let email = format!("ada{n}@example.org");
                catalog
                    .sign_up_as(Admission::First, &email, "Ada", "hash".to_owned(), Origin::default())
                    .await
            })
        })
        .collect();
    let mut let_in = 0;
    for outcome in tries {
        match outcome.await.unwrap() {
            Ok(_) => let_in += 1,
            Err(error) => assert!(matches!(error, Error::AlreadySetUp), "{error}"),
        }
    }
    assert_eq!(let_in, 1);
    assert_eq!(f.catalog.users(Slice::FIRST).await.unwrap().items.len(), 1, "the others left nothing behind");
    assert!(f.catalog.has_users().await.unwrap());
    f.sign_up("eve@example.org").await;
}

#[tokio::test]
async fn a_key_tells_what_was_not_done_from_what_was_and_what_was_answered() {
    let f = fixture();
    let (ada, eve) = (f.sign_up("ada@example.org").await, f.sign_up("eve@example.org").await);
    let c = &f.catalog;
    let reserve =
        async |key: &str, print: u8| c.reserve_key(ada.user.id, key, &[print; 32], false).await.unwrap();
    let organization = || input(OrganizationInput::read, json!({"name": "n"}));

    let Reserved::Now(_) = reserve("k", 1).await else { panic!("a new key is free") };
    assert!(matches!(reserve("k", 2).await, Reserved::OtherRequest));
    // it was begun, and nothing was done: as after a crash before the work
    let Reserved::Now(mark) = reserve("k", 1).await else { panic!("nothing was done") };
    // done, and not answered: as after a crash behind the work
    let work = carrying(mark.clone(), async {
        f.catalog.create_organization(ada.user.id, organization()).await.unwrap()
    });
    let made = work.await;
    let Reserved::Lost { made: what, ended: false } = reserve("k", 1).await else { panic!("it was done") };
    assert_eq!(what, Some(format!("organization {}", made.id)));
    assert!(!c.forget_key(&mark).await.unwrap(), "what was done is not forgotten");
    c.answer_key(&mark, Some("the answer".to_owned())).await.unwrap();
    assert!(matches!(reserve("k", 1).await, Reserved::Answered(answer) if answer == "the answer"));
    assert!(matches!(reserve("k", 2).await, Reserved::OtherRequest));
    let of_another = c.reserve_key(eve.user.id, "k", &[2; 32], false).await.unwrap();
    assert!(matches!(of_another, Reserved::Now(_)), "keys are of their user");

    let Reserved::Now(mark) = reserve("refused", 1).await else { panic!("a new key is free") };
    let taken = input(OrganizationInput::read, json!({"name": "n", "slug": made.slug}));
    carrying(mark.clone(), c.create_organization(ada.user.id, taken)).await.unwrap_err();
    assert!(c.forget_key(&mark).await.unwrap());
    assert!(matches!(reserve("refused", 2).await, Reserved::Now(_)));

    let once = async || c.reserve_key(ada.user.id, "once", &[1; 32], true).await.unwrap();
    let Reserved::Now(mark) = once().await else { panic!("a new key is free") };
    let again = once().await;
    assert!(
        matches!(again, Reserved::Lost { made: None, ended: false }),
        "what is begun once at most is not begun again"
    );
    assert!(c.forget_key(&mark).await.unwrap(), "it was refused before it began");
    let Reserved::Now(mark) = once().await else { panic!("it was forgotten") };
    c.answer_key(&mark, None).await.unwrap();
    assert!(matches!(once().await, Reserved::Lost { made: None, ended: true }));
}

#[tokio::test]
async fn work_that_is_handed_to_another_task_works_for_the_same_key() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let reserved = async || f.catalog.reserve_key(ada.user.id, "k", &[1; 32], false).await.unwrap();
    let Reserved::Now(mark) = reserved().await else { panic!("a new key is free") };
    let (catalog, owner) = (f.catalog.clone(), ada.user.id);
    carrying(mark, async {
        let work = async move {
            let body = json!({"name": "n"});
            catalog.create_organization(owner, input(OrganizationInput::read, body)).await.unwrap();
        };
        tokio::spawn(carry_on(work)).await.unwrap();
    })
    .await;
    assert!(matches!(reserved().await, Reserved::Lost { made: Some(_), .. }));
}

#[tokio::test]
async fn keys_end_after_a_day_and_the_oldest_if_a_user_has_too_many() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let reserve = async |key: &str| f.catalog.reserve_key(ada.user.id, key, &[1; 32], true).await.unwrap();
    reserve("old").await;
    assert!(matches!(reserve("old").await, Reserved::Lost { .. }));
    let mut tx = f.catalog.db.begin().await.unwrap();
    tx.execute("UPDATE idempotency_keys SET expires_at = $1", vec![now().into()]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(reserve("old").await, Reserved::Now(_)));

    let mut tx = f.catalog.db.begin().await.unwrap();
    let sets = (1..limit::IDEMPOTENCY_KEYS_PER_USER).map(|n| {
        let id = crate::catalog::new_id::<()>();
        vec![
            id.into(),
            ada.user.id.into(),
            n.to_string().into(),
            (&[1; 32]).into(),
            true.into(),
            Timestamp::MAX.into(),
        ]
    });
    tx.execute_all(
        "INSERT INTO idempotency_keys (id, user_id, idempotency_key, fingerprint, applied, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        sets.collect(),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(reserve("old").await, Reserved::Lost { .. }), "a full house forgets nobody");
    let count = async || {
        let row = f.catalog.db.first("SELECT count(*) FROM idempotency_keys", vec![]).await.unwrap();
        row.unwrap().take::<i64>().unwrap()
    };
    // Each new key counts the others with a chance of one in 64: 64 * 50 of them all but surely do.
    for n in 1.. {
        assert!(n < i64::from(limit::IDEMPOTENCY_TRIM) * 50, "nobody counts");
        assert!(matches!(reserve(&format!("new {n}")).await, Reserved::Now(_)));
        if count().await <= limit::IDEMPOTENCY_KEYS_PER_USER {
            break;
        }
    }
    assert_eq!(count().await, limit::IDEMPOTENCY_KEYS_PER_USER);
    assert!(matches!(reserve("old").await, Reserved::Now(_)), "the oldest made room");
    let last = (limit::IDEMPOTENCY_KEYS_PER_USER - 1).to_string();
    assert!(matches!(reserve(&last).await, Reserved::Lost { .. }), "the newest stay");
}

#[tokio::test]
async fn what_has_ended_is_removed_and_what_has_not_stays() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let c = &f.catalog;
    let end = now().plus_us(3_600_000_000);
    let token = async |end: Option<Timestamp>| {
        let body = json!({"name": "n", "scopes": ["read"], "expires_at": end});
        c.create_api_token(ada.user.id, token_input(body)).await.unwrap().0.id
    };
    let (without_end, ended, long_ended) =
        (token(None).await, token(Some(end)).await, token(Some(end)).await);
    let days = |days: i64| now().plus_us(-days * 86_400_000_000);
    let mut tx = c.db.begin().await.unwrap();
    let sql = "UPDATE api_tokens SET expires_at = $1 WHERE id = $2";
    let sets = vec![
        vec![days(limit::API_TOKEN_ENDED_DAYS - 1).into(), ended.into()],
        vec![days(limit::API_TOKEN_ENDED_DAYS + 1).into(), long_ended.into()],
    ];
    tx.execute_all(sql, sets).await.unwrap();
    tx.commit().await.unwrap();
    for key in ["one", "other"] {
        c.reserve_key(ada.user.id, key, &[1; 32], true).await.unwrap();
    }
    let mut tx = c.db.begin().await.unwrap();
    let sql = "UPDATE idempotency_keys SET expires_at = $1 WHERE idempotency_key = $2";
    tx.execute(sql, vec![now().into(), "one".into()]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(c.remove_ended().await.unwrap(), 2);
    let left = c.api_tokens(ada.user.id, Slice::FIRST).await.unwrap().items;
    assert_eq!(left.into_iter().map(|token| token.id).collect::<Vec<_>>(), [without_end, ended]);
    let rows = c.db.query("SELECT k.idempotency_key FROM idempotency_keys k", vec![]).await.unwrap();
    let left: Vec<String> = rows.into_iter().map(|mut row| row.take().unwrap()).collect();
    assert_eq!(left, ["other"]);
    assert_eq!(c.remove_ended().await.unwrap(), 0);
}
