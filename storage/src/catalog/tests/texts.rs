//! Text is data: whatever it says, it comes back as it went in, and is found as it stands.

use edgesync_schemas::entity::dashboard::DashboardInput;
use edgesync_schemas::entity::device::DeviceInput;
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::organization::OrganizationInput;
use edgesync_schemas::entity::project::ProjectInput;
use edgesync_schemas::entity::widget::WidgetInput;
use serde_json::json;

use super::*;
use crate::catalog::{DeviceFilter, Slice};

/// What has broken other software. All are names: no blanks around, no control characters.
const ODD: [&str; 22] = [
    "'; DROP TABLE users; --",
    "' OR '1'='1",
    "\"quoted\"",
    "$1 $$ $tag$ ?",
    "\\",
    "\\x00 \\u0000 \\'",
    "%_%",
    "/* -- */",
    "{{7*7}} ${jndi:x} <script>alert(1)</script>",
    "NULL",
    "true",
    "0x1F",
    "Åström",               // composed
    "A\u{30a}stro\u{308}m", // the same to the eye, and another name
    "ﬁ ß İ ı ſ",
    "日本語 한국어 العربية עברית ไทย",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦 🏳\u{fe0f}\u{200d}🌈",
    "\u{202e}txt.exe",     // right to left from here on
    "\u{feff}with a mark", // byte order mark
    "\u{fffd}\u{fdd0}\u{10ffff}",
    "Z\u{351}\u{36b}\u{343}\u{36a}a\u{302}l\u{301}g\u{315}o",
    "\u{200b}", // nothing to see
];

#[tokio::test]
async fn every_text_comes_back_as_it_went_in() {
    let f = fixture();
    let (ada, c) = (f.sign_up("ada@example.org").await, &f.catalog);
    let user = ada.user.id;
    for (n, text) in ODD.into_iter().enumerate() {
        // Free-form JSON may say what text may not, as an escape.
        let free = json!({text: [text, 1.10, 1e300, null, "\u{0}"], "": {}});
        c.update_user(user, Some(text.to_owned()), Some(text.to_owned()), Some(ada.session.id))
            .await
            .unwrap();
        assert_eq!(c.user(user).await.unwrap().name, text);
        assert_eq!(c.account_by_email("ada@example.org").await.unwrap().unwrap().password_hash, text);

        let body = json!({"name": text, "description": text, "slug": format!("o-{n}")});
        let o = c.create_organization(user, input(OrganizationInput::read, body)).await.unwrap();
        assert_eq!(c.organization(user, o.id).await.unwrap(), o);
        assert_eq!((o.name.as_str(), o.description.as_str()), (text, text));

        let body = json!({"organization_id": o.id, "name": text, "description": format!("{text}\n\t{text}"), "tags": [text], "metadata": free});
        let p = c.create_project(user, input(ProjectInput::read, body)).await.unwrap();
        assert_eq!(c.project(user, p.id).await.unwrap(), p);
        assert_eq!((p.name.as_str(), p.tags.as_slice()), (text, &[text.to_owned()][..]));

        let body = json!({"name": text, "description": text, "project_id": p.id, "tags": [text], "metadata": free,
            "nodes": [{"id": text, "type": text, "position": {"x": 0, "y": 0}, "data": free}]});
        let flow = c.create_flow(user, input(FlowInput::read, body)).await.unwrap();
        assert_eq!(c.readable_flow(user, flow.id).await.unwrap(), flow);
        c.set_flow_deployed(Some(user), flow.id, 1, &free).await.unwrap();
        assert_eq!(c.deployed_flow(flow.id).await.unwrap().unwrap().diagram, free);

        let body = json!({"organization_id": o.id, "name": text, "description": text, "layout": free, "flow_config": free});
        let d = c.create_dashboard(user, input(DashboardInput::read, body)).await.unwrap();
        assert_eq!(c.dashboard(user, d.id).await.unwrap(), d);
        let body = json!({"widget_id": text, "title": text, "widget_type": "text", "widget_config": free,
            "data_source_type": "static", "static_value": free});
        let (w, _) = c.create_widget(user, d.id, None, input(WidgetInput::read, body)).await.unwrap();
        assert_eq!(c.readable_widget(user, w.id).await.unwrap(), w);
    }
}

#[tokio::test]
async fn names_that_differ_in_a_byte_are_different_and_each_is_found() {
    let f = fixture();
    let ada = f.sign_up("ada@example.org").await;
    let (org, user) = (ada.organization.id, ada.user.id);
    let limit = u32::try_from(ODD.len()).unwrap();
    f.catalog
        .set_plan("ada@example.org", edgesync_schemas::entity::user::SubscriptionType::Paid, limit)
        .await
        .unwrap();
    for text in ODD {
        let body = json!({"organization_id": org, "name": text, "description": text, "device_type": "t"});
        let made = f.catalog.create_device(user, input(DeviceInput::read, body)).await.unwrap().0;
        assert_eq!(f.catalog.readable_device(user, made.id).await.unwrap(), made);
        let again = f.catalog.update_device(user, made.id, Default::default()).await.unwrap();
        assert_eq!(again.name, text);
    }
    for text in ODD {
        let filter = DeviceFilter { organization: Some(org), q: Some(text), ..DeviceFilter::default() };
        let found = f.catalog.devices(user, filter, Slice::FIRST).await.unwrap().items;
        let expected: Vec<_> = ODD
            .into_iter()
            .filter(|name| name.to_ascii_lowercase().contains(&text.to_ascii_lowercase()))
            .collect();
        assert_eq!(found.iter().map(|device| device.name.as_str()).collect::<Vec<_>>(), expected, "{text}");
    }
}
