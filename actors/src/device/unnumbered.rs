//! The forms without numbers as a state machine without I/O: one answer per frame, in the order of the frames.
//!
//! The compatible form takes or refuses a frame whole; SenML refuses single records of a pack. Neither has numbers, so a frame that is sent again
//! is stored again: at-least-once.

use std::collections::VecDeque;

use edgesync_schemas::id::{DeviceId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{AdmittedBatch, Columns};
use edgesync_schemas::sensor::SensorName;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::compat::{self, CompatFrame, compat_frame};
use edgesync_schemas::wire::encode;
use edgesync_schemas::wire::encoding::{Encoding, Message, Received};
use edgesync_schemas::wire::frame::{Refusal, Rejection};
use edgesync_schemas::wire::senml::{self, At, Pack};
use edgesync_storage::log::Outcome;

use super::admit::{Admission, EventTime};
use super::counters::Counting;

/// Milliseconds that a device is asked to wait before it sends a pack again that the store could not take.
const BUSY_RETRY_MS: u32 = 1000;

/// What is said on a connection without numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// What existing firmware speaks.
    Compatible,
    /// Packs of RFC 8428.
    Senml,
}

/// A connection without numbers.
#[derive(Debug)]
pub struct Session {
    device: DeviceId,
    dialect: Dialect,
    admission: Admission,
    building: Columns,
    /// Answers not yet given, oldest first.
    answers: VecDeque<Answer>,
    next_tag: u64,
    /// SenML packs so far.
    packs: u64,
    /// The device that the SenML names of this socket speak for, if one has said so.
    urn: Option<Box<str>>,
}

#[derive(Debug)]
enum Answer {
    /// It waits for the batch with this tag.
    Waiting { tag: u64, then: Then },
    /// It is known, and is given when its turn comes.
    Known(Message),
}

/// What an answer says of its frame once that is durable.
#[derive(Debug)]
enum Then {
    Saved { first_row: u32, readings: usize, single: bool },
    Acked { encoding: Encoding, pack: u64, refused: Vec<(u16, Rejection)> },
}

impl Session {
    /// A connection of `device`.
    pub fn new(device: DeviceId, dialect: Dialect, admission: Admission) -> Self {
        Self {
            device,
            dialect,
            admission,
            building: Columns::default(),
            answers: VecDeque::new(),
            next_tag: 1,
            packs: 0,
            urn: None,
        }
    }

    /// Takes a message that arrived at `now`.
    ///
    /// # Errors
    /// How to close the socket, if the message is of a kind that the form does not have.
    pub fn take(
        &mut self,
        message: Received<'_>,
        now: Timestamp,
        counters: Counting<'_>,
    ) -> Result<(), Close> {
        let answer = match (self.dialect, message) {
            (Dialect::Compatible, Received::Text(text)) => self.take_frame(text, now, counters),
            (Dialect::Compatible, Received::Binary(_)) => {
                let reason = "this socket speaks JSON in text messages, not binary";
                return Err(Close::new(CloseCode::Malformed, reason));
            }
            (Dialect::Senml, Received::Text(_)) => self.take_pack(message, Encoding::Json, now, counters),
            (Dialect::Senml, Received::Binary(_)) => self.take_pack(message, Encoding::Cbor, now, counters),
        };
        self.answers.push_back(answer);
        Ok(())
    }

    // ---- the compatible form -------------------------------------------------------------------------------------------

    fn take_frame(&mut self, text: &str, now: Timestamp, counters: Counting<'_>) -> Answer {
        let first_row = self.building.len();
        let malformed = |refused: compat::Refused| {
            counters.count_refusal(Refusal::Malformed);
            refused.0
        };
        let taken = compat_frame(text).map_err(malformed).and_then(|frame| {
            let (readings, single) = (frame.readings.len(), frame.single);
            self.admit_frame(frame, now, counters)?;
            Ok(Then::Saved { first_row: first_row as u32, readings, single })
        });
        match taken {
            Ok(then) => Answer::Waiting { tag: self.next_tag, then },
            Err(message) => {
                // All or nothing: a frame has one answer.
                self.building.truncate(first_row);
                Answer::Known(Message::Text(encode::refused(&message)))
            }
        }
    }

    fn admit_frame(
        &mut self,
        frame: CompatFrame<'_>,
        now: Timestamp,
        counters: Counting<'_>,
    ) -> Result<(), String> {
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

    // ---- SenML ---------------------------------------------------------------------------------------------------------

    fn take_pack(
        &mut self,
        message: Received<'_>,
        encoding: Encoding,
        now: Timestamp,
        counters: Counting<'_>,
    ) -> Answer {
        self.packs += 1;
        let pack = match senml::pack(message) {
            Ok(pack) => pack,
            Err(refused) => {
                counters.count_refusal(refused.code);
                return Answer::Known(senml::nack(encoding, self.packs, &refused, None));
            }
        };
        let first_row = self.building.len();
        let refused = self.admit_pack(pack, now);
        refused.iter().for_each(|(_, rejection)| counters.count_rejection(*rejection));
        if self.building.len() == first_row {
            // There is nothing to wait for.
            return Answer::Known(senml::ack(encoding, self.packs, &refused));
        }
        Answer::Waiting { tag: self.next_tag, then: Then::Acked { encoding, pack: self.packs, refused } }
    }

    /// Admits the readings of a pack; the records that are refused, in their order. A record of two readings, a value and a sum, is stored
    /// as far as it can be.
    fn admit_pack(&mut self, pack: Pack<'_>, now: Timestamp) -> Vec<(u16, Rejection)> {
        let mut refused = pack.refused;
        for reading in pack.readings {
            let at = match reading.at {
                At::Arrival => EventTime::Arrival,
                At::FromNow(us) => EventTime::Given(now.plus_us(us)),
                At::Then(at) => EventTime::Given(at),
            };
            let record = reading.record;
            let admitted = self.speaks_for(reading.name.device()).and_then(|()| {
                let (sensor, unit) = (reading.name.sensor(), reading.unit.as_deref());
                self.admission.admit(&mut self.building, sensor, reading.value, unit, at, now)
            });
            if let Err(rejection) = admitted {
                refused.push((record, rejection));
            }
        }
        refused.sort_by_key(|(record, _)| *record);
        refused.dedup_by_key(|(record, _)| *record);
        refused
    }

    /// The first URN on a socket is the device's own. Another one is another device, whose readings would end up among this one's.
    fn speaks_for(&mut self, urn: Option<&str>) -> Result<(), Rejection> {
        match (urn, &self.urn) {
            (Some(urn), Some(own)) if !own.eq_ignore_ascii_case(urn) => return Err(Rejection::Schema),
            (Some(urn), None) => self.urn = Some(urn.into()),
            _ => {}
        }
        Ok(())
    }

    // ---- both ----------------------------------------------------------------------------------------------------------

    /// The frames taken since the last call, as one batch for the log, with its tag.
    pub fn batch(&mut self, now: Timestamp) -> Option<(u64, AdmittedBatch)> {
        self.admission.begin_batch();
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
            let then = match answer {
                Answer::Waiting { tag: waits_for, .. } if *waits_for > tag => break,
                Answer::Waiting { tag: waits_for, then } if *waits_for == tag => then,
                _ => continue,
            };
            *answer = Answer::Known(then.told(&outcome));
        }
    }

    /// The answers whose turn it is.
    pub fn answers(&mut self, replies: &mut Vec<Message>) {
        while let Some(Answer::Known(_)) = self.answers.front() {
            if let Some(Answer::Known(message)) = self.answers.pop_front() {
                replies.push(message);
            }
        }
    }

    /// Bytes of the readings taken since the last batch.
    pub fn built_bytes(&self) -> usize {
        self.building.bytes()
    }

    /// Whether these are as many, or of as many days, as one batch should have.
    pub fn is_full(&self) -> bool {
        self.built_bytes() >= limit::TURN_BUILT_BYTES || self.admission.turns_of_day() >= limit::TURN_DAYS
    }

    /// Frames without an answer yet.
    pub fn outstanding(&self) -> u64 {
        self.answers.len() as u64
    }
}

impl Then {
    fn told(&self, outcome: &Outcome) -> Message {
        match (self, outcome) {
            (Self::Saved { first_row, readings, single }, Outcome::Durable { first, .. }) => {
                let id = single.then(|| Offset(first.0 + u64::from(*first_row)));
                Message::Text(encode::saved(*readings, id))
            }
            (Self::Saved { .. }, _) => {
                Message::Text(encode::refused("the readings could not be stored now, send them again"))
            }
            (Self::Acked { encoding, pack, refused }, Outcome::Durable { .. }) => {
                senml::ack(*encoding, *pack, refused)
            }
            (Self::Acked { encoding, pack, .. }, _) => {
                senml::nack(*encoding, *pack, &senml::Refused::busy(), Some(BUSY_RETRY_MS))
            }
        }
    }
}
