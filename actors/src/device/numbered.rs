//! The EdgeSync form as a state machine without I/O: frames in, batches out, acknowledgements in, answers out.
//!
//! Frames are numbered per (device, boot). The one expected is taken; one below it is acknowledged again and not stored; one
//! above it is a gap. A refused frame's number is not used up, so all later frames are gaps until it comes again.

use std::collections::VecDeque;

use edgesync_schemas::id::{BootId, DeviceId, FrameSeq};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{AdmittedBatch, Columns, FrameEnd, Numbered};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::encode::Rejected;
use edgesync_schemas::wire::encoding::{Encoding, Message, Received};
use edgesync_schemas::wire::frame::{DataFrame, DeviceFrame, RawReading, Refusal, Rejection};
use edgesync_storage::log::Outcome;

use super::admit::{Admission, EventTime};
use super::counters::Counting;

/// Milliseconds that a device is asked to wait before it sends a frame again that the store could not take.
const BUSY_RETRY_MS: u32 = 1000;

/// A numbered connection after its `hello`.
#[derive(Debug)]
pub struct Session {
    device: DeviceId,
    boot: BootId,
    encoding: Encoding,
    admission: Admission,
    /// The frame that is taken next.
    expected: FrameSeq,
    /// Highest frame known to be durable.
    committed: FrameSeq,
    /// Highest frame acknowledged on this socket; `welcome` is the first acknowledgement.
    acked: FrameSeq,
    /// A repeated frame wants its acknowledgement once more.
    repeat_ack: bool,
    /// Frames above the expected one since the last that was expected.
    gaps: u32,
    building: Columns,
    frames: Vec<FrameEnd>,
    /// Batches on their way: (tag, last frame), oldest first.
    in_flight: VecDeque<(u64, FrameSeq)>,
    next_tag: u64,
    /// Failures of batches up to this tag were answered.
    rewound: u64,
    rejected: VecDeque<Rejected>,
}

impl Session {
    /// A connection whose frames up to `committed` are durable.
    pub fn new(
        device: DeviceId,
        boot: BootId,
        encoding: Encoding,
        committed: FrameSeq,
        admission: Admission,
    ) -> Self {
        Self {
            device,
            boot,
            encoding,
            admission,
            expected: committed.next(),
            committed,
            acked: committed,
            repeat_ack: false,
            gaps: 0,
            building: Columns::default(),
            frames: Vec::new(),
            in_flight: VecDeque::new(),
            next_tag: 1,
            rewound: 0,
            rejected: VecDeque::new(),
        }
    }

    /// Takes a message that arrived at `now`; what there is to say at once goes to `replies`.
    ///
    /// # Errors
    /// How to close the socket, if the message is no frame of the protocol in this session's encoding.
    pub fn take(
        &mut self,
        message: Received<'_>,
        now: Timestamp,
        counters: Counting<'_>,
        replies: &mut Vec<Message>,
    ) -> Result<(), Close> {
        match self.encoding.device_frame(message) {
            Ok(DeviceFrame::Data(frame)) => {
                if let Some((refusal, expected)) = self.take_data(frame, now, counters) {
                    counters.count_refusal(refusal.0);
                    replies.push(self.encoding.nack(refusal.1, refusal.0, expected, None));
                }
                Ok(())
            }
            Ok(DeviceFrame::Hello(_)) => Err(Close::new(CloseCode::Malformed, "t: hello was said already")),
            // No command is outstanding, so there is nothing that it could be the status of.
            Ok(DeviceFrame::CommandStatus(_)) => Ok(()),
            Err(malformed) => Err(Close::new(CloseCode::Malformed, malformed.0)),
        }
    }

    fn take_data(
        &mut self,
        frame: DataFrame<'_>,
        now: Timestamp,
        counters: Counting<'_>,
    ) -> Option<((Refusal, FrameSeq), Option<FrameSeq>)> {
        use std::sync::atomic::Ordering::Relaxed;
        if frame.q < self.expected {
            counters.all.repeated.fetch_add(1, Relaxed);
            self.repeat_ack |= frame.q <= self.committed;
            return None;
        }
        if frame.q > self.expected {
            // Said once, and again now and then: a device that pipelines has a credit of frames behind the missing one.
            let say = self.gaps.is_multiple_of(limit::CREDIT_FRAMES);
            self.gaps += 1;
            return say.then_some(((Refusal::Gap, frame.q), Some(self.expected)));
        }
        let readings = match frame.readings {
            Ok(readings) if readings.len() <= limit::READINGS_PER_FRAME => readings,
            Ok(_) => return self.refuse(Refusal::TooLarge, frame.q),
            Err(_) => return self.refuse(Refusal::Malformed, frame.q),
        };
        self.gaps = 0;
        for (index, reading) in readings.into_iter().enumerate() {
            if let Err(rejection) = reading.and_then(|reading| self.admit(reading, frame.base_ms, now)) {
                counters.count_rejection(rejection);
                self.rejected.push_back((frame.q, index as u16, rejection));
            }
        }
        self.frames.push(FrameEnd { q: frame.q, end_row: self.building.len() as u32 });
        self.expected = frame.q.next();
        None
    }

    /// The first frame behind it is answered as a gap again: a device may wait for each answer.
    fn refuse(&mut self, refusal: Refusal, q: FrameSeq) -> Option<((Refusal, FrameSeq), Option<FrameSeq>)> {
        self.gaps = 0;
        Some(((refusal, q), None))
    }

    fn admit(
        &mut self,
        reading: RawReading<'_>,
        base_ms: Option<i64>,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let at = match (base_ms, reading.offset_ms) {
            (None, 0) => EventTime::Arrival,
            (base, offset) => {
                let ms = base.unwrap_or_else(|| now.as_ms()).checked_add(offset).ok_or(Rejection::Time)?;
                EventTime::Given(Timestamp::from_ms(ms).ok_or(Rejection::Time)?)
            }
        };
        self.admission.admit(
            &mut self.building,
            &reading.sensor,
            reading.value,
            reading.unit.as_deref(),
            at,
            now,
        )
    }

    /// The frames taken since the last call, as one batch for the log, with its tag.
    pub fn batch(&mut self, now: Timestamp) -> Option<(u64, AdmittedBatch)> {
        let last = self.frames.last()?.q;
        let tag = self.next_tag;
        self.next_tag += 1;
        self.in_flight.push_back((tag, last));
        let numbered = Some(Numbered { boot: self.boot, frames: std::mem::take(&mut self.frames) });
        let columns = std::mem::take(&mut self.building);
        self.admission.begin_batch();
        Some((tag, AdmittedBatch { device: self.device, received_at: now, numbered, columns }))
    }

    /// What became of a batch.
    pub fn settle(&mut self, tag: u64, outcome: Outcome, counters: Counting<'_>, replies: &mut Vec<Message>) {
        while let Some(&(first, last)) = self.in_flight.front()
            && first <= tag
        {
            self.in_flight.pop_front();
            if matches!(outcome, Outcome::Durable { .. }) {
                // A batch that was reported as failed can be durable all the same: then one behind it is, too, and both count.
                self.committed = self.committed.max(last);
                self.expected = self.expected.max(self.committed.next());
            }
        }
        // Every batch behind a failed one fails as a gap; the first failure speaks for them.
        if !matches!(outcome, Outcome::Durable { .. }) && tag > self.rewound {
            self.rewound = self.next_tag - 1;
            self.expected = self.committed.next();
            self.gaps = 0;
            let committed = self.committed;
            self.rejected.retain(|(q, _, _)| *q <= committed);
            self.frames.clear();
            self.building.truncate(0);
            counters.count_refusal(Refusal::Busy);
            replies.push(self.encoding.nack(self.expected, Refusal::Busy, None, Some(BUSY_RETRY_MS)));
        }
    }

    /// An acknowledgement that is due. Ask again until there is none: one names a bounded number of refused readings.
    pub fn ack(&mut self) -> Option<Message> {
        let due = self.committed > self.acked || self.repeat_ack;
        if !due {
            return None;
        }
        self.repeat_ack = false;
        // Up to the last frame whose refused readings all have room; one frame's always have.
        self.acked = match self.rejected.get(limit::REJECTIONS_PER_ACK) {
            Some((q, _, _)) if *q <= self.committed => FrameSeq(q.0 - 1),
            _ => self.committed,
        };
        let named = self.rejected.partition_point(|(q, _, _)| *q <= self.acked);
        let rejected: Vec<Rejected> = self.rejected.drain(..named).collect();
        Some(self.encoding.ack(self.acked, limit::CREDIT_FRAMES, &rejected))
    }

    /// Bytes of the readings taken since the last batch.
    pub fn built_bytes(&self) -> usize {
        self.building.bytes()
    }

    /// Whether these are as many, or of as many days, as one batch should have.
    pub fn is_full(&self) -> bool {
        self.built_bytes() >= limit::TURN_BUILT_BYTES || self.admission.turns_of_day() >= limit::TURN_DAYS
    }

    /// Frames taken and not yet durable.
    pub fn outstanding(&self) -> u64 {
        self.expected.0.saturating_sub(1).saturating_sub(self.committed.0)
    }
}
