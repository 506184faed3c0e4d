//! Which readings are taken, at what time, as which series.
//!
//! A sensor's name is looked up in the connection's own small table; the dictionary of the log is asked only for a name
//! that the connection has not seen. Devices send their sensors in the same order again and again, so the table is
//! searched from where the last reading was found: one comparison a reading.

use edgesync_schemas::id::{DeviceId, SeriesId};
use edgesync_schemas::limit;
use edgesync_schemas::reading::{Columns, Quality};
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::{Unit, UnitIndex};
use edgesync_schemas::value::Value;
use edgesync_schemas::wire::frame::Rejection;
use edgesync_storage::log::{ReadingLog, Refused};

/// Turns readings of one device into rows.
#[derive(Debug)]
pub struct Admission {
    log: ReadingLog,
    device: DeviceId,
    sensors: Vec<Sensor>,
    /// Where the next reading's sensor is looked for first.
    hint: usize,
    /// How old a reading may be: as old as it would be kept, as far as is known.
    age_us: i64,
    /// The day of the last reading, since 1970, and how often that changed.
    day: i64,
    turns_of_day: usize,
}

#[derive(Debug)]
struct Sensor {
    name: Box<str>,
    series: SeriesId,
    units: Vec<(Box<str>, UnitIndex)>,
}

/// When a reading happened, as far as the device says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTime {
    /// The device gave a time.
    Given(Timestamp),
    /// The device gave none.
    Arrival,
}

impl Admission {
    /// For the readings of `device`, on their way to `log`.
    pub fn new(log: ReadingLog, device: DeviceId) -> Self {
        let age_us = age_us(&log, device);
        Self { log, device, sensors: Vec::new(), hint: 0, age_us, day: 0, turns_of_day: 0 }
    }

    /// How often the day of event time changed from one reading to the next since it was last asked to begin anew.
    pub fn turns_of_day(&self) -> usize {
        self.turns_of_day
    }

    /// Begins to count the changes of day anew: with a new batch.
    pub fn begin_batch(&mut self) {
        self.turns_of_day = 0;
    }

    /// Adds a reading to `columns`, or says why not. `now` is the time of arrival.
    ///
    /// # Errors
    /// The reason, as it is told to the device.
    pub fn admit(
        &mut self,
        columns: &mut Columns,
        sensor: &str,
        value: Value,
        unit: Option<&str>,
        at: EventTime,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let (ts, quality) = match event_time(at, now, self.age_us) {
            // Asked again only here: the device may have come into a project that keeps readings for longer.
            Err(Rejection::TooOld) => {
                self.age_us = age_us(&self.log, self.device);
                event_time(at, now, self.age_us)?
            }
            time => time?,
        };
        // Before the sensor: a refused reading must not use up one of the device's sensors.
        if unit.is_some_and(|unit| !Unit::is_valid(unit)) {
            return Err(Rejection::Unit);
        }
        let place = self.sensor(sensor)?;
        let series = self.sensors[place].series;
        let unit = match unit {
            None => UnitIndex::NONE,
            Some(unit) => self.unit(place, unit)?,
        };
        let day = ts.as_us().div_euclid(DAY_US);
        self.turns_of_day += usize::from(day != self.day);
        self.day = day;
        columns.push(series, ts, value, unit, quality);
        Ok(())
    }

    fn sensor(&mut self, name: &str) -> Result<usize, Rejection> {
        let found = match self.sensors.get(self.hint) {
            Some(sensor) if &*sensor.name == name => Some(self.hint),
            _ => self.sensors.iter().position(|sensor| &*sensor.name == name),
        };
        let place = match found {
            Some(place) => place,
            None => {
                let series = self.log.series().resolve(self.device, name).map_err(rejection)?;
                self.sensors.push(Sensor { name: name.into(), series, units: Vec::new() });
                self.sensors.len() - 1
            }
        };
        self.hint = if place + 1 == self.sensors.len() { 0 } else { place + 1 };
        Ok(place)
    }

    fn unit(&mut self, place: usize, unit: &str) -> Result<UnitIndex, Rejection> {
        let sensor = &mut self.sensors[place];
        if let Some((_, index)) = sensor.units.iter().find(|(known, _)| &**known == unit) {
            return Ok(*index);
        }
        let index = self.log.series().unit(sensor.series, unit).map_err(rejection)?;
        sensor.units.push((unit.into(), index));
        Ok(index)
    }
}

fn rejection(refused: Refused) -> Rejection {
    match refused {
        Refused::Name | Refused::TooMany => Rejection::Schema,
        Refused::Unit => Rejection::Unit,
    }
}

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

fn age_us(log: &ReadingLog, device: DeviceId) -> i64 {
    i64::from(log.retention().days(device)) * DAY_US
}

fn event_time(at: EventTime, now: Timestamp, age_us: i64) -> Result<(Timestamp, Quality), Rejection> {
    match at {
        EventTime::Arrival => Ok((now, Quality::ARRIVAL_TIME)),
        EventTime::Given(ts) if ts > now.plus_us(limit::CLOCK_SKEW_MS * 1000) => {
            Ok((now, Quality::CLOCK_AHEAD))
        }
        EventTime::Given(ts) if ts < now.plus_us(-age_us) => Err(Rejection::TooOld),
        EventTime::Given(ts) => Ok((ts, Quality::GOOD)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_ahead_is_replaced_and_one_behind_is_refused() {
        let now = Timestamp::from_ms(1_700_000_000_000).unwrap();
        let age_us = 7 * DAY_US;
        let event_time = |at, now| event_time(at, now, age_us);
        let edge = now.plus_us(limit::CLOCK_SKEW_MS * 1000);
        assert_eq!(event_time(EventTime::Given(edge), now), Ok((edge, Quality::GOOD)));
        assert_eq!(event_time(EventTime::Given(edge.plus_us(1)), now), Ok((now, Quality::CLOCK_AHEAD)));
        let oldest = now.plus_us(-age_us);
        assert_eq!(event_time(EventTime::Given(oldest), now), Ok((oldest, Quality::GOOD)));
        assert_eq!(event_time(EventTime::Given(oldest.plus_us(-1)), now), Err(Rejection::TooOld));
        assert_eq!(event_time(EventTime::Arrival, now), Ok((now, Quality::ARRIVAL_TIME)));
    }
}
