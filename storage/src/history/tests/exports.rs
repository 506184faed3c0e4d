//! Exports: what is in them, in which order, and how much they hold.

use super::super::export::{ExportQuery, Format, Scope};
use super::*;
use crate::log::Order;

fn export(device: DeviceId, format: Format) -> ExportQuery {
    ExportQuery {
        user: user(),
        scope: Scope::Devices(vec![device]),
        sensors: Vec::new(),
        from: None,
        to: None,
        order: Order::Ascending,
        format,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_what_was_durable_when_it_began_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    check_upper_bound(open(directory.path())).await;
    let (_cluster, log) = open_database().await;
    check_upper_bound(log.clone()).await;
    log.shutdown().await.unwrap();
}

async fn check_upper_bound(log: ReadingLog) {
    let device = device();
    let start: Timestamp = DAYS[0].parse().unwrap();
    let readings = |count: i64| -> Vec<Reading> {
        (0..count).map(|n| Reading { ts: start.plus_us(n * 1000), value: number(n as f64) }).collect()
    };
    append(&log, device, "s", &readings(25_000)).await;
    let mut running = History::new(log.clone()).export(export(device, Format::Csv)).unwrap().unwrap();
    let mut lines = 0;
    while let Some(chunk) = running.next().await.unwrap() {
        lines += chunk.iter().filter(|byte| **byte == b'\n').count();
        // As old as what comes next: it would be in the next page.
        append(&log, device, "s", &readings(30_000)[24_000..]).await;
    }
    assert_eq!(lines, 25_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_have_few_places_and_give_them_back() {
    let directory = tempfile::tempdir().unwrap();
    let (log, device) = (open(directory.path()), device());
    append(&log, device, "s", &[Reading { ts: DAYS[0].parse().unwrap(), value: number(1.0) }]).await;
    let history = History::new(log);
    let begin = || history.export(export(device, Format::Ndjson)).unwrap();
    let mut running: Vec<_> = (0..edgesync_schemas::limit::EXPORTS).map(|_| begin().unwrap()).collect();
    assert!(begin().is_none());
    // One that is dropped before its end.
    assert!(running[0].next().await.unwrap().is_some());
    running.remove(0);
    assert!(begin().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_export_holds_a_page_or_a_row_group_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let device = device();
    let log =
        ReadingLog::open(directory.path(), Options { head_readings: 50_000, ..Options::default() }).unwrap();
    let start: Timestamp = DAYS[0].parse().unwrap();
    for batch in 0..4 {
        let reading = |n: i64| Reading { ts: start.plus_us(n * 1_000_000), value: number(n as f64 / 8.0) };
        let readings: Vec<Reading> = (batch * 50_000..(batch + 1) * 50_000).map(reading).collect();
        append(&log, device, "s", &readings).await;
    }
    let history = History::new(log);
    for (format, chunk_bytes) in [(Format::Csv, 2 << 20), (Format::Parquet, 4 << 20)] {
        let mut running = history.export(export(device, format)).unwrap().unwrap();
        let (mut bytes, mut largest) = (0, 0);
        while let Some(chunk) = running.next().await.unwrap() {
            bytes += chunk.len();
            largest = largest.max(chunk.len());
            assert!(running.held_readings() <= edgesync_schemas::limit::EXPORT_GROUP_READINGS);
        }
        assert!(largest < chunk_bytes, "{format:?}: a chunk of {largest}");
        assert!(bytes > 1_500_000, "{format:?}: {bytes} in all");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parquet_file_reads_back_as_it_was_written() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field as Cell;

    let directory = tempfile::tempdir().unwrap();
    let (log, device) = (open(directory.path()), device());
    let start: Timestamp = DAYS[0].parse().unwrap();
    let texts = ["\"a,\\\"b\\\"\\nö\"", "{\"lat\": 1.5, \"name\": \"日本\"}", "true"];
    let mut readings = vec![Reading { ts: start, value: number(-0.1) }];
    readings.extend(
        texts.iter().map(|text| Reading { ts: start.plus_us(1), value: Measured::from_json(text).unwrap() }),
    );
    append(&log, device, "s", &readings).await;
    let mut running = History::new(log).export(export(device, Format::Parquet)).unwrap().unwrap();
    let mut file = Vec::new();
    while let Some(chunk) = running.next().await.unwrap() {
        file.extend_from_slice(&chunk);
    }
    let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    for (row, reading) in rows.iter().zip(&readings) {
        let cells: Vec<(&String, &Cell)> = row.get_column_iter().collect();
        let names: Vec<&str> = cells.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, crate::history::export::COLUMNS);
        assert_eq!(cells[0].1, &Cell::Str(device.to_string()));
        assert_eq!(cells[1].1, &Cell::Str("s".to_owned()));
        assert_eq!(cells[2].1, &Cell::Double(reading.value.num()));
        assert_eq!(cells[3].1, &Cell::Null);
        assert_eq!(cells[4].1, &Cell::TimestampMicros(reading.ts.as_us()));
        assert_eq!(cells[5].1, &Cell::TimestampMicros(RECEIVED_MS * 1000));
        let raw = reading.value.raw().map_or(Cell::Null, |raw| Cell::Str(raw.to_owned()));
        assert_eq!(cells[6].1, &raw);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_has_each_column_of_its_reading() {
    let directory = tempfile::tempdir().unwrap();
    let (log, device) = (open(directory.path()), device());
    let start: Timestamp = DAYS[0].parse().unwrap();
    let text = Measured::from_json("\"on\"").unwrap();
    append(&log, device, "s", &[Reading { ts: start, value: number(1.5) }]).await;
    append(&log, device, "s", &[Reading { ts: start.plus_us(1_000), value: text }]).await;
    let received = Timestamp::from_ms(RECEIVED_MS).unwrap();
    let csv = format!(
        "{device},s,1.5,,2025-03-30T00:00:00Z,{received},\n{device},s,0.0,,2025-03-30T00:00:00.001Z,{received},\"\"\"on\"\"\"\n"
    );
    let line = |value: &str, ms: &str, raw: &str| {
        format!(
            "{{\"device_id\":\"{device}\",\"sensor_type\":\"s\",\"value\":{value},\"unit\":null,\
             \"timestamp\":\"2025-03-30T00:00:00{ms}Z\",\"received_at\":\"{received}\",\"raw_data\":{raw}}}\n"
        )
    };
    let ndjson = line("1.5", "", "null") + &line("0.0", ".001", "\"on\"");
    for (format, expected) in [(Format::Csv, csv), (Format::Ndjson, ndjson)] {
        let mut running = History::new(log.clone()).export(export(device, format)).unwrap().unwrap();
        let mut file = Vec::new();
        while let Some(chunk) = running.next().await.unwrap() {
            file.extend_from_slice(&chunk);
        }
        assert_eq!(String::from_utf8(file).unwrap(), expected);
    }
}
