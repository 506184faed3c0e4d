//! One thing that is done to many devices.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::input::{self, Checked};
use crate::id::{DeviceId, ProjectId};
use crate::limit;

/// What is done to each of many devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceDeed {
    /// It may connect.
    SwitchOn,
    /// It may not connect, and its socket is closed.
    SwitchOff,
    /// It is put into this project of its organization.
    AddToProject(ProjectId),
    /// It is taken out of this project.
    TakeOutOfProject(ProjectId),
    /// It is removed, its tokens along; its readings stay.
    Delete,
}

/// The name of a [`DeviceDeed`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeviceActionName)]
#[serde(rename_all = "snake_case")]
enum Name {
    /// They may connect.
    #[default]
    SwitchOn,
    /// They may not connect, and their sockets are closed.
    SwitchOff,
    /// They are put into `project_id`, a project of their organization.
    AddToProject,
    /// They are taken out of `project_id`.
    TakeOutOfProject,
    /// They are removed, their tokens along; their readings stay.
    Delete,
}

/// Body of one thing that is done to many devices.
#[derive(Debug, Clone)]
pub struct DeviceActionsInput {
    /// The devices, at least one and at most [`limit::ACTION_DEVICES`].
    pub ids: Vec<DeviceId>,
    /// What is done to each.
    pub deed: DeviceDeed,
}

impl DeviceActionsInput {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems, a project where none belongs among them.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| {
            let ids = f.required("ids", ids);
            let name = f.required("action", |value| input::one_of(value).map(Some));
            let deed = match name {
                Some(Name::AddToProject) => DeviceDeed::AddToProject(f.required_id("project_id")),
                Some(Name::TakeOutOfProject) => DeviceDeed::TakeOutOfProject(f.required_id("project_id")),
                Some(name) => {
                    if f.optional("project_id", Ok).is_some() {
                        f.refuse("project_id", "is for `add_to_project` and `take_out_of_project` only");
                    }
                    match name {
                        Name::SwitchOff => DeviceDeed::SwitchOff,
                        Name::Delete => DeviceDeed::Delete,
                        _ => DeviceDeed::SwitchOn,
                    }
                }
                None => {
                    // Whether it belongs cannot be said before the action is: it is not reported as unknown.
                    f.optional("project_id", Ok);
                    DeviceDeed::SwitchOn
                }
            };
            Self { ids, deed }
        })
    }
}

fn ids(value: Value) -> Checked<Vec<DeviceId>> {
    let ids = input::list(value, limit::ACTION_DEVICES, input::id)?;
    if ids.is_empty() { input::wrong("must have at least one item") } else { Ok(ids) }
}

impl PartialSchema for DeviceActionsInput {
    fn schema() -> RefOr<Schema> {
        let ids = ArrayBuilder::new().items(Ref::from_schema_name(DeviceId::name()));
        let ids = ids.min_items(Some(1)).max_items(Some(limit::ACTION_DEVICES));
        let body = ObjectBuilder::new()
            .property("ids", ids)
            .property("action", Ref::from_schema_name(Name::name()))
            .property("project_id", Ref::from_schema_name(ProjectId::name()))
            .required("ids")
            .required("action");
        let says = "One thing that is done to many devices. `project_id` goes with `add_to_project` and `take_out_of_project`, and with nothing else.";
        body.description(Some(says)).into()
    }
}
impl ToSchema for DeviceActionsInput {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((DeviceId::name().into(), DeviceId::schema()));
        schemas.push((ProjectId::name().into(), ProjectId::schema()));
        schemas.push((Name::name().into(), Name::schema()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_project_goes_with_the_actions_that_are_about_one() {
        let id = "01890000-0000-7000-8000-000000000000";
        let read = |action: &str, project: Option<&str>| {
            let mut body = json!({"ids": [id], "action": action});
            if let Some(project) = project {
                body["project_id"] = json!(project);
            }
            let read = DeviceActionsInput::read(body).map(|input| input.deed);
            read.map_err(|problems| problems.into_iter().map(|of| of.pointer).collect::<Vec<_>>())
        };
        let (project, wrong) = (id.parse().unwrap(), Err(vec!["/project_id".to_owned()]));
        assert_eq!(read("switch_on", None), Ok(DeviceDeed::SwitchOn));
        assert_eq!(read("switch_off", None), Ok(DeviceDeed::SwitchOff));
        assert_eq!(read("delete", None), Ok(DeviceDeed::Delete));
        assert_eq!(read("add_to_project", Some(id)), Ok(DeviceDeed::AddToProject(project)));
        assert_eq!(read("take_out_of_project", Some(id)), Ok(DeviceDeed::TakeOutOfProject(project)));
        assert_eq!(read("add_to_project", None), wrong);
        assert_eq!(read("take_out_of_project", Some("x")), wrong);
        assert_eq!(read("delete", Some(id)), wrong);
        assert_eq!(read("explode", Some(id)), Err(vec!["/action".to_owned()]));
    }

    #[test]
    fn there_are_1_to_1000_devices() {
        let id = "01890000-0000-7000-8000-000000000000";
        let read = |ids: Value| {
            let problems =
                DeviceActionsInput::read(json!({"ids": ids, "action": "delete"})).map(|of| of.ids.len());
            problems.map_err(|problems| problems.into_iter().map(|of| of.pointer).collect::<Vec<_>>())
        };
        assert_eq!(read(vec![id; limit::ACTION_DEVICES].into()), Ok(1000));
        assert_eq!(read(vec![id; limit::ACTION_DEVICES + 1].into()), Err(vec!["/ids".to_owned()]));
        assert_eq!(read(json!([])), Err(vec!["/ids".to_owned()]));
        assert_eq!(read(json!([id, 7, "x"])), Err(vec!["/ids/1".to_owned(), "/ids/2".to_owned()]));
    }
}
