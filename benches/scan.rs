//! Measures a scan of one small snapshot, packed in each of the ways that cost differently.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark may panic; criterion's macro adds undocumented items"
)]

mod snapshot;

use aemtrix::examine::{Examined, examine};
use aemtrix::intake::{NoWatch, discover};
use aemtrix::limits::Limits;
use criterion::{Criterion, criterion_group, criterion_main};
use flate2::{Compression, write::GzEncoder};
use snapshot::sink::{DirectorySink, TarSink};
use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;

/// What is measured: everything between naming a source and having its snapshots.
fn scan(path: &Path) -> Examined {
    let found = discover(&[path.as_os_str().to_owned()]);
    examine(&found.sources, &Limits::default(), 1, &NoWatch)
}

fn benches(criterion: &mut Criterion) {
    let home = tempfile::tempdir().unwrap();
    let profile = snapshot::profile("small").unwrap();

    let mut sink = TarSink::new(Vec::new());
    snapshot::write(profile, 1, 1, &mut sink).unwrap();
    let bytes = sink.finish().unwrap();
    let tar = home.path().join("snapshot.tar");
    fs::write(&tar, &bytes).unwrap();

    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&bytes).unwrap();
    let tar_gz = home.path().join("snapshot.tar.gz");
    fs::write(&tar_gz, gzip.finish().unwrap()).unwrap();

    let directory = home.path().join("snapshot");
    snapshot::write(profile, 1, 1, &mut DirectorySink::new(&directory)).unwrap();

    let mut group = criterion.benchmark_group("scan");
    for (name, path) in [("tar", tar), ("tar.gz", tar_gz), ("directory", directory)] {
        group.bench_function(name, |bencher| bencher.iter(|| scan(black_box(&path))));
    }
    group.finish();
}

criterion_group!(scans, benches);
criterion_main!(scans);
