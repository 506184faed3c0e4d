//! The compatible form as a state machine without I/O: one answer per frame, in the order of the frames.
//!
//! It has no numbers, so a frame that is sent again is stored again: at-least-once.

use std::collections::VecDeque;

use edgesync_schemas::id::{DeviceId, Offset};
use edgesync_schemas::reading::{AdmittedBatch, Columns};
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::compat::{CompatFrame, compat_frame};
use edgesync_schemas::wire::encode;
use edgesync_schemas::wire::frame::Rejection;
use edgesync_storage::log::Outcome;

use super::admit::{Admission, EventTime};
use super::counters::Counters;

/// A connection of the compatible form.
#[derive(Debug)]
pub struct Session {
    device: DeviceId,
    admission: Admission,
    building: Columns,
    /// Answers not yet given, oldest first.
    answers: VecDeque<Answer>,
    next_tag: u64,
}

#[derive(Debug)]
enum Answer {
    /// It was refused when it came; said when its turn comes.
    Refused(String),
    /// It waits for the batch with this tag.
    Waiting { tag: u64, first_row: u32, readings: usize, single: bool },
    /// Its batch is durable, or failed.
    Settled(String),
}

impl Session {
    /// A connection of `device`.
    pub fn new(device: DeviceId, admission: Admission) -> Self {
        Self { device, admission, building: Columns::default(), answers: VecDeque::new(), next_tag: 1 }
    }

    /// Takes a text message that arrived at `now`.
    pub fn take(&mut self, text: &str, now: Timestamp, counters: &Counters) {
        let first_row = self.building.len();
        let answer = match compat_frame(text).map_err(|refused| refused.0).and_then(|frame| {
            let (readings, single) = (frame.readings.len(), frame.single);
            self.admit(frame, now, counters)?;
            Ok(Answer::Waiting { tag: self.next_tag, first_row: first_row as u32, readings, single })
        }) {
            Ok(waiting) => waiting,
            Err(message) => {
                // All or nothing: a frame has one answer.
                self.building.truncate(first_row);
                Answer::Refused(encode::refused(&message))
            }
        };
        self.answers.push_back(answer);
    }

    fn admit(&mut self, frame: CompatFrame<'_>, now: Timestamp, counters: &Counters) -> Result<(), String> {
        // All names first: a frame that is refused for one of them must not leave the others behind as sensors.
        if let Some(i) = frame.readings.iter().position(|reading| !SensorName::is_valid(&reading.sensor)) {
            counters.count_rejection(Rejection::Schema);
            let message = Rejection::Schema.message();
            return Err(if frame.single {
                format!("/{message}")
            } else {
                format!("/readings/{i}/{message}")
            });
        }
        for (i, reading) in frame.readings.into_iter().enumerate() {
            let at = reading.at.map_or(EventTime::Arrival, EventTime::Given);
            self.admission
                .admit(&mut self.building, &reading.sensor, reading.value, reading.unit.as_deref(), at, now)
                .map_err(|rejection| {
                    counters.count_rejection(rejection);
                    if frame.single {
                        format!("/{}", rejection.message())
                    } else {
                        format!("/readings/{i}/{}", rejection.message())
                    }
                })?;
        }
        Ok(())
    }

    /// The frames taken since the last call, as one batch for the log, with its tag.
    pub fn batch(&mut self, now: Timestamp) -> Option<(u64, AdmittedBatch)> {
        if self.building.is_empty() {
            return None;
        }
        let tag = self.next_tag;
        self.next_tag += 1;
        let columns = std::mem::take(&mut self.building);
        Some((tag, AdmittedBatch { device: self.device, received_at: now, numbered: None, columns }))
    }

    /// What became of a batch.
    pub fn settle(&mut self, tag: u64, outcome: Outcome) {
        for answer in &mut self.answers {
            let (first_row, readings, single) = match answer {
                Answer::Waiting { tag: waits_for, .. } if *waits_for > tag => break,
                Answer::Waiting { tag: waits_for, first_row, readings, single } if *waits_for == tag => {
                    (*first_row, *readings, *single)
                }
                _ => continue,
            };
            *answer = Answer::Settled(match &outcome {
                Outcome::Durable { first, .. } => {
                    let id = single.then(|| Offset(first.0 + u64::from(first_row)));
                    encode::saved(readings, id)
                }
                _ => encode::refused("the readings could not be stored now, send them again"),
            });
        }
    }

    /// The answers whose turn it is.
    pub fn answers(&mut self, replies: &mut Vec<String>) {
        while let Some(Answer::Refused(_) | Answer::Settled(_)) = self.answers.front() {
            if let Some(Answer::Refused(text) | Answer::Settled(text)) = self.answers.pop_front() {
                replies.push(text);
            }
        }
    }

    /// Frames without an answer yet.
    pub fn outstanding(&self) -> u64 {
        self.answers.len() as u64
    }
}
