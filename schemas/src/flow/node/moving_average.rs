//! `moving-average`: the mean, median or exponentially weighted mean of the newest values of each key.

use super::fields::Fields;
use super::{Category, Input, Spec, State};
use crate::flow::port::Port;
use crate::flow::problem::Code;
use crate::limit;

/// For each record, an average of its key's newest values, itself included.
#[derive(Debug, Clone, PartialEq)]
pub struct MovingAverage {
    /// Which average.
    pub method: Method,
    /// How many values at most; 1 to [`limit::AVERAGE_VALUES`]. Of no meaning to [`Method::Ewma`].
    pub window_size: usize,
    /// Only values whose event time lies less than this before the newest record's, in milliseconds. Of no meaning to [`Method::Ewma`].
    pub duration_ms: Option<i64>,
    /// Whether each version that is deployed begins with an empty window, instead of with what came before. A restart of the server is no start.
    pub reset_on_start: bool,
}

/// Ways to average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// The sum divided by the count.
    Mean,
    /// The middle value; of an even number, the mean of the two in the middle.
    Median,
    /// The exponentially weighted mean of all values.
    Ewma(Weight),
}

/// How much a new value weighs against all before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weight {
    /// So much; above 0, at most 1.
    Alpha(f64),
    /// As much as makes what came this many milliseconds of event time before count half.
    HalfLife(i64),
}

/// The catalogue's row.
pub const SPEC: Spec = Spec {
    kind: "moving-average",
    title: "Moving average",
    category: Category::Stateful,
    input: Input::One,
    ports: &[Port::Out, Port::Error],
    state: State::PerKey,
    side_effect: false,
    fields: &["current_value", "window_size", "window_full", "min_in_window", "max_in_window"],
    docs: "For each record the mean or median of the newest values of its device and sensor, itself included: at most windowSize of them \
           and, with duration, only those of that time. Or the exponentially weighted mean (ewma) of all of them, with alpha or \
           halfLife, and current_value as its only field. A value that is no number leaves by error and is not counted.",
    schema: r#"{"type":"object","properties":{
        "method":{"type":"string","title":"Method","enum":["mean","median","ewma"],"default":"mean"},
        "windowSize":{"type":"integer","title":"Values","minimum":1,"maximum":10000,"default":10},
        "duration":{"type":["string","integer"],"title":"Duration","description":"Such as 30s or 5m; none: any age"},
        "alpha":{"type":"number","title":"Weight of a new value","exclusiveMinimum":0,"maximum":1,"description":"With ewma"},
        "halfLife":{"type":["string","integer"],"title":"Half-life","description":"With ewma, instead of alpha: such as 30s or 5m"},
        "resetOnStart":{"type":"boolean","title":"Begin empty when a version is deployed","default":false}}}"#,
};

impl MovingAverage {
    /// From `method` (default mean), `windowSize` (default 10), `duration` and `resetOnStart` (default false); of ewma, `alpha` or `halfLife`.
    pub fn parse(fields: &mut Fields<'_>) -> Option<Self> {
        // An editor keeps what was entered for a method that is not chosen any more, so that is not looked at.
        let is_ewma = fields.get("method").and_then(|method| method.as_str()) == Some("ewma");
        let weight = if is_ewma { weight(fields) } else { None };
        let ewma = Method::Ewma(weight.unwrap_or(Weight::Alpha(1.0)));
        let methods = [("mean", Method::Mean), ("median", Method::Median), ("ewma", ewma)];
        let method = fields.choice("method", &methods).unwrap_or(Method::Mean);
        let window_size = fields.integer("windowSize", 1..=limit::AVERAGE_VALUES).unwrap_or(10) as usize;
        let duration_ms = fields.duration_ms("duration", 1..=limit::WINDOW_MS_MAX);
        Some(Self { method, window_size, duration_ms, reset_on_start: fields.flag("resetOnStart", false) })
    }
}

/// From `alpha` or `halfLife`, exactly one of them.
fn weight(fields: &mut Fields<'_>) -> Option<Weight> {
    match (fields.get("alpha").is_some(), fields.get("halfLife").is_some()) {
        (true, false) => {
            let alpha = fields.number("alpha")?;
            if alpha <= 0.0 || alpha > 1.0 {
                let message = format!("alpha must be above 0 and at most 1, not {alpha}");
                fields.refuse("alpha", Code::OutOfRange, message);
            }
            Some(Weight::Alpha(alpha))
        }
        (false, true) => fields.duration_ms("halfLife", 1..=limit::WINDOW_MS_MAX).map(Weight::HalfLife),
        (false, false) => {
            fields.refuse("alpha", Code::Required, "ewma needs alpha or halfLife");
            None
        }
        (true, true) => {
            fields.refuse("alpha", Code::Unsupported, "ewma takes alpha or halfLife, not both");
            None
        }
    }
}
