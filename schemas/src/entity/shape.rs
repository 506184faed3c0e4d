//! How texts, numbers and lists in bodies look to who reads the API's description: a type per check, with its limits.
//!
//! They have no values. `#[schema(value_type = shape::Name)]` at a field says that its check is [`super::input::name`]; the limits are
//! the constants that the check uses, so that the description cannot promise something else.

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, Ref, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::organization::SLUG_BYTES;
use crate::id::{DeviceId, FlowId};
use crate::limit;
use crate::sensor::SensorName;

/// A name: one line of 1 to [`limit::NAME_CHARS`] characters.
#[derive(Debug)]
pub enum Name {}
/// One line of at most [`limit::NAME_CHARS`] characters.
#[derive(Debug)]
pub enum Title {}
/// Text of at most [`limit::DESCRIPTION_CHARS`] characters, with line breaks.
#[derive(Debug)]
pub enum Description {}
/// One line of 1 to [`limit::TAG_CHARS`] characters.
#[derive(Debug)]
pub enum Tag {}
/// One line of at most [`limit::TAG_CHARS`] characters.
#[derive(Debug)]
pub enum Label {}
/// At most [`limit::TAGS`] tags.
#[derive(Debug)]
pub enum Tags {}
/// A name as it may stand in addresses.
#[derive(Debug)]
pub enum Slug {}
/// An e-mail address of at most [`limit::EMAIL_BYTES`].
#[derive(Debug)]
pub enum EmailAddress {}
/// What is typed where an e-mail address belongs: at most [`limit::PASSWORD_CHARS`] characters.
#[derive(Debug)]
pub enum TypedAddress {}
/// A password as it is typed: at most [`limit::PASSWORD_CHARS`] characters.
#[derive(Debug)]
pub enum TypedPassword {}
/// A password to be: [`limit::PASSWORD_CHARS_MIN`] to [`limit::PASSWORD_CHARS`] characters.
#[derive(Debug)]
pub enum NewPassword {}
/// An object of at most [`limit::FREE_FORM_BYTES`] of JSON.
#[derive(Debug)]
pub enum FreeForm {}
/// At most [`limit::FLOW_NODES`] React Flow nodes.
#[derive(Debug)]
pub enum Nodes {}
/// At most [`limit::FLOW_EDGES`] React Flow edges.
#[derive(Debug)]
pub enum Edges {}
/// At most [`limit::WIDGETS_PER_DASHBOARD`] objects of a dashboard's drawing.
#[derive(Debug)]
pub enum Drawing {}
/// 1 to [`limit::RETENTION_DAYS`] days.
#[derive(Debug)]
pub enum RetentionDays {}
/// At most [`limit::TOKEN_OVERLAP_S`] seconds.
#[derive(Debug)]
pub enum OverlapSeconds {}
/// 1 to [`limit::SAMPLES_PER_VARIABLE`] samples.
#[derive(Debug)]
pub enum Samples {}

/// 100 to [`limit::REFRESH_INTERVAL_MS`] milliseconds.
#[derive(Debug)]
pub enum RefreshInterval {}
/// How a person may say that a device is.
#[derive(Debug)]
pub enum StatusByHand {}
/// A time: RFC 3339, or whole milliseconds since the epoch.
#[derive(Debug)]
pub enum Moment {}
/// The fields of a widget's source: all those of one kind, or none.
#[derive(Debug)]
pub enum SourceChange {}

/// Text, for the schemas of this crate.
pub(crate) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Text in a format that the specification or JSON Schema knows.
pub(crate) fn formatted(format: KnownFormat) -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(format)))
}

fn line(min: usize, max: usize) -> ObjectBuilder {
    let min = (min > 0).then_some(min);
    text().min_length(min).max_length(Some(max)).pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"))
}

fn whole(min: i64, max: i64) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(min)).maximum(Some(max))
}

fn objects(most: usize) -> ArrayBuilder {
    ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::Object)).max_items(Some(most))
}

impl PartialSchema for Name {
    fn schema() -> RefOr<Schema> {
        line(1, limit::NAME_CHARS).into()
    }
}
impl ToSchema for Name {}

impl PartialSchema for Title {
    fn schema() -> RefOr<Schema> {
        line(0, limit::NAME_CHARS).into()
    }
}
impl ToSchema for Title {}

impl PartialSchema for Description {
    fn schema() -> RefOr<Schema> {
        text().max_length(Some(limit::DESCRIPTION_CHARS)).pattern(Some(r"^[^\u0000]*$")).into()
    }
}
impl ToSchema for Description {}

impl PartialSchema for Tag {
    fn schema() -> RefOr<Schema> {
        line(1, limit::TAG_CHARS).into()
    }
}
impl ToSchema for Tag {}

impl PartialSchema for Label {
    fn schema() -> RefOr<Schema> {
        line(0, limit::TAG_CHARS).into()
    }
}
impl ToSchema for Label {}

impl PartialSchema for Tags {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(Ref::from_schema_name(Tag::name())).max_items(Some(limit::TAGS)).into()
    }
}
impl ToSchema for Tags {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Tag::name().into(), Tag::schema()));
    }
}

impl PartialSchema for Slug {
    fn schema() -> RefOr<Schema> {
        let pattern = "^[a-z0-9]+(-[a-z0-9]+)*$";
        text().min_length(Some(1)).max_length(Some(SLUG_BYTES)).pattern(Some(pattern)).into()
    }
}
impl ToSchema for Slug {}

impl PartialSchema for EmailAddress {
    fn schema() -> RefOr<Schema> {
        formatted(KnownFormat::Email).max_length(Some(limit::EMAIL_BYTES)).into()
    }
}
impl ToSchema for EmailAddress {}

impl PartialSchema for TypedAddress {
    fn schema() -> RefOr<Schema> {
        text().max_length(Some(limit::PASSWORD_CHARS)).into()
    }
}
impl ToSchema for TypedAddress {}

impl PartialSchema for TypedPassword {
    fn schema() -> RefOr<Schema> {
        formatted(KnownFormat::Password).max_length(Some(limit::PASSWORD_CHARS)).into()
    }
}
impl ToSchema for TypedPassword {}

impl PartialSchema for NewPassword {
    fn schema() -> RefOr<Schema> {
        let least = Some(limit::PASSWORD_CHARS_MIN);
        formatted(KnownFormat::Password).min_length(least).max_length(Some(limit::PASSWORD_CHARS)).into()
    }
}
impl ToSchema for NewPassword {}

impl PartialSchema for FreeForm {
    fn schema() -> RefOr<Schema> {
        let most = format!("Any object of at most {} bytes of JSON.", limit::FREE_FORM_BYTES);
        ObjectBuilder::new().schema_type(Type::Object).description(Some(most)).into()
    }
}
impl ToSchema for FreeForm {}

impl PartialSchema for Nodes {
    fn schema() -> RefOr<Schema> {
        objects(limit::FLOW_NODES).description(Some("React Flow nodes; unknown keys are kept.")).into()
    }
}
impl ToSchema for Nodes {}

impl PartialSchema for Edges {
    fn schema() -> RefOr<Schema> {
        objects(limit::FLOW_EDGES).description(Some("React Flow edges; unknown keys are kept.")).into()
    }
}
impl ToSchema for Edges {}

impl PartialSchema for Drawing {
    fn schema() -> RefOr<Schema> {
        objects(limit::WIDGETS_PER_DASHBOARD).description(Some("In the words of the UI.")).into()
    }
}
impl ToSchema for Drawing {}

impl PartialSchema for RetentionDays {
    fn schema() -> RefOr<Schema> {
        whole(1, limit::RETENTION_DAYS).into()
    }
}
impl ToSchema for RetentionDays {}

impl PartialSchema for OverlapSeconds {
    fn schema() -> RefOr<Schema> {
        whole(0, limit::TOKEN_OVERLAP_S).into()
    }
}
impl ToSchema for OverlapSeconds {}

impl PartialSchema for Samples {
    fn schema() -> RefOr<Schema> {
        whole(1, limit::SAMPLES_PER_VARIABLE.into()).into()
    }
}
impl ToSchema for Samples {}

impl PartialSchema for RefreshInterval {
    fn schema() -> RefOr<Schema> {
        whole(100, limit::REFRESH_INTERVAL_MS.into()).into()
    }
}
impl ToSchema for RefreshInterval {}

impl PartialSchema for StatusByHand {
    fn schema() -> RefOr<Schema> {
        text().enum_values(Some(["inactive", "offline", "error"])).into()
    }
}
impl ToSchema for StatusByHand {}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        formatted(KnownFormat::DateTime)
            .schema_type(SchemaType::from_iter([Type::String, Type::Integer]))
            .description(Some("RFC 3339, or whole milliseconds since the epoch."))
            .into()
    }
}
impl ToSchema for Moment {}

impl PartialSchema for SourceChange {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("Another source: all the fields of its kind, or none of these."))
            .property("data_source_type", text().enum_values(Some(["flow_node", "device_sensor", "static"])))
            .property("flow_id", Ref::from_schema_name(FlowId::name()))
            .property("node_id", Ref::from_schema_name(Name::name()))
            .property("output_field", Ref::from_schema_name(Tag::name()))
            .property("device_id", Ref::from_schema_name(DeviceId::name()))
            .property("sensor_type", Ref::from_schema_name(SensorName::name()))
            .property("static_value", ObjectBuilder::new().schema_type(SchemaType::AnyValue))
            .into()
    }
}
impl ToSchema for SourceChange {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((FlowId::name().into(), FlowId::schema()));
        schemas.push((DeviceId::name().into(), DeviceId::schema()));
        schemas.push((SensorName::name().into(), SensorName::schema()));
        schemas.push((Name::name().into(), Name::schema()));
        schemas.push((Tag::name().into(), Tag::schema()));
    }
}
