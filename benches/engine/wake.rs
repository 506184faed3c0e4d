//! What it costs to wake a cell for one reading, with few and many flows in it, and in packs of different sizes.

use std::time::Instant;

use edgesync_engine::Options;
use edgesync_schemas::id::{DeviceId, FlowId, SeriesId};
use edgesync_schemas::reading::Columns;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::unit::UnitIndex;

use super::cell::{Engine, commit, id, plan, series};
use super::contest::on_cpu_ns;

const READINGS: u64 = 30_000;

/// Installs flows in packs of at most so many, feeds one reading after the other, each when the one before is done, and tells what each took. Every
/// second of the flows' clock has 1,000 of them.
pub fn one_by_one(flows: u32, flows_per_pack: usize) {
    let engine = Engine::with(Options { flows_per_pack, ..Options::default() });
    let (before_kib, began) = (super::resident_kib(), Instant::now());
    for n in 0..flows {
        let device = DeviceId::from_uuid(id(u64::from(n)));
        engine.handle.series(vec![series(n, device)]).unwrap();
        while engine.handle.install(FlowId::from_uuid(id(u64::from(n))), 1, plan(device)).is_err() {
            std::thread::yield_now(); // busy
        }
        while engine.handle.flows() + 1_000 < n as usize {
            std::thread::yield_now();
        }
    }
    while engine.handle.flows() < flows as usize {
        std::thread::yield_now();
    }
    let installed_us = began.elapsed().as_micros() as f64 / f64::from(flows);
    let kib = super::resident_kib().saturating_sub(before_kib);
    let commits: Vec<_> = (0..READINGS)
        .map(|n| {
            let mut columns = Columns::default();
            columns.series.push(SeriesId((n * 7919 % u64::from(flows)) as u32));
            columns.ts.push(Timestamp::from_ms(n as i64).unwrap());
            columns.num.push((n % 100) as f64);
            columns.unit.push(UnitIndex(1));
            columns.quality.push(Default::default());
            commit(n, columns)
        })
        .collect();
    let before = on_cpu_ns(Some("cell-0"));
    let mut took: Vec<f64> = commits
        .iter()
        .map(|commit| {
            let began = Instant::now();
            engine.feed(std::slice::from_ref(commit));
            began.elapsed().as_nanos() as f64 / 1e3
        })
        .collect();
    let on_cpu = (on_cpu_ns(Some("cell-0")) - before) as f64 / READINGS as f64 / 1e3;
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took[(took.len() as f64 * share) as usize];
    println!(
        "{flows} flows of 4 nodes, packs of {flows_per_pack}: {installed_us:.1} us to install one, {kib} KiB; one reading fed and waited for: p50 {:.1} us, p99 {:.1} us, \
         {on_cpu:.1} us of the cell's processor time",
        at(0.5),
        at(0.99)
    );
}
