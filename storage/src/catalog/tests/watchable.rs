//! That what may be watched on is what may be subscribed to: the questions about many things answer as those about one.

use edgesync_schemas::entity::dashboard::DashboardInput;
use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::entity::organization::OrganizationInput;
use edgesync_schemas::entity::project::ProjectInput;
use edgesync_schemas::entity::widget::WidgetInput;
use edgesync_schemas::id::{DeviceId, FlowId, WidgetId};
use serde_json::json;

use super::*;
use crate::catalog::within::within;

/// What there is, of two organizations of Ada's and of Bob alone.
struct Things {
    widgets: Vec<WidgetId>,
    devices: Vec<DeviceId>,
    flows: Vec<FlowId>,
}

async fn things(f: &Fixture, ada: &SignedUp, bob: &SignedUp, second: OrganizationId) -> Things {
    let (c, user) = (&f.catalog, ada.user.id);
    let mut things = Things { widgets: Vec::new(), devices: Vec::new(), flows: Vec::new() };
    for organization in [ada.organization.id, second] {
        things.devices.push(c.create_device(user, device(organization, "pump")).await.unwrap().0.id);
        let body = || json!({"organization_id": organization, "name": "n"});
        let project = c.create_project(user, input(ProjectInput::read, body())).await.unwrap().id;
        let flow = json!({"name": "f", "project_id": project});
        things.flows.push(c.create_flow(user, input(FlowInput::read, flow)).await.unwrap().id);
    }
    let alone =
        async |owner: UserId| c.create_flow(owner, input(FlowInput::read, json!({"name": "f"}))).await;
    things.flows.extend([alone(user).await.unwrap().id, alone(bob.user.id).await.unwrap().id]);
    let mut sources = vec![json!({"data_source_type": "static", "static_value": 1})];
    sources.extend(
        things.devices.iter().map(
            |device| json!({"data_source_type": "device_sensor", "device_id": device, "sensor_type": "t"}),
        ),
    );
    sources.extend(
        things.flows[..3]
            .iter()
            .map(|flow| json!({"data_source_type": "flow_node", "flow_id": flow, "node_id": "n"})),
    );
    for organization in [ada.organization.id, second] {
        let body = json!({"organization_id": organization, "name": "d"});
        let board = c.create_dashboard(user, input(DashboardInput::read, body)).await.unwrap().id;
        // more than one statement asks about
        for (at, source) in sources.iter().cycle().take(33).enumerate() {
            let mut widget = json!({"widget_id": format!("w{at}"), "widget_type": "gauge", "max_samples": 7});
            widget.as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
            let made = c.create_widget(user, board, None, input(WidgetInput::read, widget)).await.unwrap();
            things.widgets.push(made.0.id);
        }
    }
    things
}

fn is_there<T>(answer: Result<T, Error>) -> Option<T> {
    match answer {
        Ok(found) => Some(found),
        Err(Error::NotFound { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// How many of each kind may be watched: as many as are found one by one.
async fn same(c: &Catalog, user: UserId, things: &Things) -> [usize; 4] {
    let (mut seen, mut read) = (0, 0);
    let widgets = c.watchable_widgets(user, &things.widgets).await.unwrap();
    for id in &things.widgets {
        let one = is_there(c.readable_widget(user, *id).await);
        let of_many = widgets.get(id);
        assert_eq!(one.is_some(), of_many.is_some(), "{id}");
        let (Some(one), Some(of_many)) = (one, of_many) else { continue };
        let reads = c.may_read_source(user, &one.source).await.unwrap();
        assert_eq!((of_many.reads_source, &of_many.source, of_many.max_samples), (reads, &one.source, 7));
        assert_eq!((of_many.dashboard, of_many.aggregation), (one.dashboard_template_uuid, one.aggregation));
        (seen, read) = (seen + 1, read + usize::from(reads));
    }
    let devices = c.watchable_devices(user, &things.devices).await.unwrap();
    for id in &things.devices {
        let one = is_there(c.readable_device(user, *id).await);
        assert_eq!(one.map(|device| device.organization_id), devices.get(id).copied(), "{id}");
    }
    let flows = c.watchable_flows(user, &things.flows).await.unwrap();
    for id in &things.flows {
        let one = is_there(c.readable_flow(user, *id).await);
        assert_eq!(one.map(|flow| flow.project_id.is_some()), flows.get(id).map(Option::is_some), "{id}");
    }
    [seen, read, devices.len(), flows.len()]
}

#[tokio::test]
async fn what_may_be_watched_on_is_what_may_be_subscribed_to() {
    let f = fixture();
    let (ada, bob, eve) = (
        f.sign_up("ada@example.org").await,
        f.sign_up("bob@example.org").await,
        f.sign_up("eve@example.org").await,
    );
    let c = &f.catalog;
    let second = input(OrganizationInput::read, json!({"name": "second"}));
    let second = c.create_organization(ada.user.id, second).await.unwrap().id;
    f.join(ada.organization.id, bob.user.id).await;
    let things = things(&f, &ada, &bob, second).await;
    assert_eq!(same(c, ada.user.id, &things).await, [66, 66, 2, 3]);
    // A member of the first: of six sources those of the second organization are not theirs, nor Ada's own flow.
    assert_eq!(same(c, bob.user.id, &things).await, [33, 17, 1, 2]);
    assert_eq!(same(c, eve.user.id, &things).await, [0, 0, 0, 0]);
    assert_eq!(within(ada.organization.id, same(c, ada.user.id, &things)).await, [33, 17, 1, 1]);
    let of_first = c.watchable_widgets(ada.user.id, &things.widgets[..6]).await.unwrap();
    let where_it_is: Vec<_> = things.widgets[..6].iter().map(|id| of_first[id].organizations).collect();
    let first = Some(ada.organization.id);
    let elsewhere = Some(second);
    assert_eq!(
        where_it_is,
        [
            [first, None],
            [first, first],
            [first, elsewhere],
            [first, first],
            [first, elsewhere],
            [first, None]
        ]
    );
    c.delete_organization(ada.user.id, second).await.unwrap();
    assert_eq!(same(c, ada.user.id, &things).await[..3], [33, 27, 1]);
}
