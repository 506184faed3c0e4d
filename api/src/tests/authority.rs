//! When somebody who watches is asked again whether they may, and what comes of it. That it is done within a second is shown from
//! outside.

use std::time::Duration;

use edgesync_schemas::limit;
use edgesync_schemas::wire::live::{ErrCode, Sub, SubId, Target};

use super::*;
use crate::auth::Credential;
use crate::ws::authority::{Gone, Lost, Watching};
use crate::ws::viewer::Viewer;

/// What whoever shows this token watches: nothing yet.
pub(super) async fn watching(server: &Server, token: &str) -> Watching {
    let (news, credential) = (server.state.catalog.news(), Credential::of(token));
    let viewer = Viewer::of(&server.state, &credential).await.unwrap().unwrap();
    Watching::of(&server.state, news, credential, viewer)
}

pub(super) fn sub(id: u32, target: Target) -> Sub {
    Sub { id: SubId(id), target, points: None, max_hz: Some(1.0), since: None, from: None }
}

fn widget(id: u32, widget: &str) -> Sub {
    sub(id, Target::Widget(widget.parse().unwrap()))
}

async fn fixed(server: &Server, user: &User, value: i32) -> (String, String) {
    let body = json!({"organization_id": user.organization, "name": "hall"});
    let board = text(&server.post("/api/v1/dashboard-templates", user, body).await.is(201)["id"]);
    let body = json!({"widget_id": "w", "widget_type": "gauge", "data_source_type": "static", "static_value": value});
    let path = format!("/api/v1/dashboard-templates/{board}/widgets");
    let made = server.post(&path, user, body).await.is(201);
    (format!("{path}/w"), text(&made["id"]))
}

pub(super) async fn soon(lost: impl Future<Output = Lost>) -> Vec<(SubId, Gone)> {
    match tokio::time::timeout(Duration::from_secs(20), lost).await.expect("something is lost") {
        Lost::Some(lost) => lost,
        Lost::All(close) => panic!("all is lost: {close:?}"),
    }
}

#[tokio::test]
async fn what_others_change_asks_nothing_and_many_changes_ask_few_times() {
    let server = server().await;
    let (ada, eve) = (server.sign_up("ada@example.org").await, server.sign_up("eve@example.org").await);
    let (path, id) = fixed(&server, &ada, 1).await;
    let (others, _) = fixed(&server, &eve, 1).await;
    let mut watching = watching(&server, &ada.token).await;
    assert!(watching.watch(&widget(1, &id)).await.is_ok());
    let changes = async {
        for n in 0..50 {
            server.patch(&others, &eve, json!({"max_samples": 10 + n})).await.is(200);
        }
    };
    // Until she would have asked, had she been concerned.
    let patience = Duration::from_millis(limit::LIVE_ASK_SPREAD_MS + 2 * limit::LIVE_ASK_PAUSE_MS);
    let heard = tokio::time::timeout(patience, watching.lost());
    let (heard, ()) = tokio::join!(heard, changes);
    assert!(heard.is_err() && watching.asks == 0, "nothing of hers has changed: {} asks", watching.asks);

    let began = tokio::time::Instant::now();
    let changes = async {
        for n in 0..50 {
            server.patch(&path, &ada, json!({"max_samples": 10 + n})).await.is(200);
        }
    };
    let heard = async {
        loop {
            // It is shown anew: until it shows what the last of them asked for.
            for (_, gone) in soon(watching.lost()).await {
                let Gone::Changed(again) = gone else { panic!("it may still be watched") };
                assert!(watching.watch(&again).await.is_ok());
            }
            let ended = server.get(&path, &ada).await.is(200)["max_samples"] == 59;
            if ended {
                return;
            }
        }
    };
    tokio::join!(changes, heard);
    let most = began.elapsed().as_millis() as usize / limit::LIVE_ASK_PAUSE_MS as usize + 1;
    assert!(watching.asks <= most && watching.asks < 50, "{} asks, at most {most}", watching.asks);
}

#[tokio::test]
async fn a_widget_that_shows_something_else_is_told_and_one_that_is_gone_is_let_go() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (first, second) = (fixed(&server, &ada, 1).await, fixed(&server, &ada, 2).await);
    let (pump, _) = server.device(&ada, "pump").await;
    let mut watching = watching(&server, &ada.token).await;
    for (id, of) in [(1, &first.1), (2, &second.1)] {
        assert!(watching.watch(&widget(id, of)).await.is_ok());
    }
    let source = json!({"data_source_type": "device_sensor", "device_id": pump, "sensor_type": "t"});
    server.patch(&first.0, &ada, source).await.is(200);
    let lost = soon(watching.lost()).await;
    let [(SubId(1), Gone::Changed(again))] = lost.as_slice() else { panic!("{} are lost", lost.len()) };
    assert_eq!(*again, widget(1, &first.1));
    assert!(watching.watch(again).await.is_ok());

    server.delete(&second.0, &ada).await.is(204);
    let lost = soon(watching.lost()).await;
    let [(SubId(2), Gone::Refused(refused))] = lost.as_slice() else { panic!("{} are lost", lost.len()) };
    assert_eq!(refused.code, ErrCode::NotFound);
    server.delete(&format!("/api/v1/devices/{pump}"), &ada).await.is(204);
    let lost = soon(watching.lost()).await;
    let [(SubId(1), Gone::Refused(refused))] = lost.as_slice() else { panic!("{} are lost", lost.len()) };
    assert_eq!(refused.code, ErrCode::Forbidden, "the widget is there, its source is not");
}

#[tokio::test]
async fn an_answer_is_about_what_was_asked_not_about_what_has_its_number_by_now() {
    let server = server().await;
    let ada = server.sign_up("ada@example.org").await;
    let (first, second) = (fixed(&server, &ada, 1).await, fixed(&server, &ada, 2).await);
    let mut watching = watching(&server, &ada.token).await;
    assert!(watching.watch(&widget(1, &first.1)).await.is_ok());
    server.delete(&first.0, &ada).await.is(204);
    // It asks, and before it looks at the answer the number is given to something else: who looks once sees it ask, and nothing of what comes of that.
    while watching.asks == 0 {
        let looked = futures_util::poll!(std::pin::pin!(watching.lost()));
        assert!(looked.is_pending(), "too early");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(watching.watch(&widget(1, &second.1)).await.is_ok());
    server.patch(&second.0, &ada, json!({"max_samples": 7})).await.is(200);
    let lost = soon(watching.lost()).await;
    assert!(matches!(lost.as_slice(), [(SubId(1), Gone::Changed(_))]), "it is there, and has changed");
}

also_on_postgres!(
    "authority.rs",
    [
        what_others_change_asks_nothing_and_many_changes_ask_few_times,
        a_widget_that_shows_something_else_is_told_and_one_that_is_gone_is_let_go,
        an_answer_is_about_what_was_asked_not_about_what_has_its_number_by_now,
    ]
);
