//! Writes the seeds of all targets to `fuzz/corpus`, from the test data: `cargo run --manifest-path fuzz/Cargo.toml --example seeds`.

use aemtrix_fuzz::{LINE_BYTES, facts_of};
use flate2::read::GzDecoder;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

#[path = "../../tests/suite/zip.rs"]
mod zip;

/// Files larger than this slow a fuzzer down more than they teach it.
const SEED_BYTES_MAX: u64 = 512 << 10;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    list(&root.join("../testdata"), &mut files);
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let target = match name.as_ref() {
            "bundle.info" => "bundle_info",
            "bundle.jar" => "manifest",
            "sling.options.file" => "run_modes",
            name if name.ends_with(".config") => "felix_config",
            name if name.ends_with(".log") => "log",
            name if name.ends_with(".tar.gz") => "gzip",
            name if name.ends_with(".zip") => "zip",
            _ => continue,
        };
        let bytes = fs::read(file).expect("a file of the test data");
        seed(root, target, &bytes);
        if target == "gzip" {
            let mut tar = Vec::new();
            GzDecoder::new(bytes.as_slice()).read_to_end(&mut tar).expect("a sound gzip");
            stores(root, &tar);
            seed(root, "facts", &facts_of(&bytes));
            seed(root, "tar", &tar);
            repacked(root, &tar, &bytes);
        }
    }
}

fn list(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the test data") {
        let path = entry.expect("the test data").path();
        if path.is_dir() { list(&path, files) } else { files.push(path) }
    }
}

/// Writes what a packed segment store yields: its tar files with its newest revision, and single segments.
fn stores(root: &Path, tar: &[u8]) {
    let (mut line, mut tars) = (Vec::new(), Vec::new());
    for entry in tar::Archive::new(tar).entries().expect("a tar") {
        let mut entry = entry.expect("a sound tar");
        let name = entry.path().expect("a name").to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("a sound tar");
        if name.ends_with("journal.log") {
            let text = String::from_utf8(bytes).expect("text");
            line = text.lines().last().map_or(Vec::new(), |line| format!("{line}\n").into_bytes());
        } else if name.ends_with(".tar") {
            tars.push(bytes);
        }
    }
    line.resize(LINE_BYTES, 0);
    for tar in &tars {
        seed(root, "oak_index", &[line.as_slice(), tar].concat());
        let number: u32 =
            text(&line).split([':', ' ']).nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
        for entry in tar::Archive::new(tar.as_slice()).entries().into_iter().flatten().flatten() {
            let mut entry = entry;
            let mut segment = number.to_le_bytes().to_vec();
            if entry.read_to_end(&mut segment).is_ok() {
                seed(root, "oak_segment", &segment);
            }
        }
    }
}

/// Writes the same files in the other containers, and the archive inside other archives.
fn repacked(root: &Path, tar: &[u8], gzip: &[u8]) {
    let mut files = Vec::new();
    for entry in tar::Archive::new(tar).entries().expect("a tar") {
        let mut entry = entry.expect("a sound tar");
        let name = entry.path().expect("a name").to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("a sound tar");
        files.push((name, bytes));
    }
    let entries: Vec<_> = files.iter().map(|(name, body)| zip::Entry::file(name, body)).collect();
    let inner = zip::Entry::file("author.tar.gz", gzip);
    for (sizes_behind, deflate) in [(false, false), (false, true), (true, false), (true, true)] {
        let pack = |entries: &[zip::Entry<'_>]| {
            let packed = entries.iter().cloned();
            let packed = packed.map(|entry| zip::Entry { sizes_behind, deflate, ..entry });
            zip::zip(&packed.collect::<Vec<_>>())
        };
        seed(root, "zip", &pack(&entries));
        seed(root, "zip", &pack(std::slice::from_ref(&inner)));
    }
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    seed(root, "codec", &ruzstd::encoding::compress_to_vec(tar, level));
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(tar).expect("room in memory");
    seed(root, "codec", &bzip2.finish().expect("room in memory"));
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), options).expect("a writer");
    xz.write_all(tar).expect("room in memory");
    seed(root, "codec", &xz.finish().expect("room in memory"));
    let mut outer = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(gzip.len() as u64);
    header.set_mode(0o644);
    outer.append_data(&mut header, "case/author.tar.gz", gzip).expect("room in memory");
    seed(root, "tar", &outer.into_inner().expect("room in memory"));
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

fn seed(root: &Path, target: &str, bytes: &[u8]) {
    if bytes.len() as u64 > SEED_BYTES_MAX {
        return;
    }
    let directory = root.join("corpus").join(target);
    fs::create_dir_all(&directory).expect("a directory of ours");
    let name = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    fs::write(directory.join(format!("{name:016x}")), bytes).expect("a file of ours");
}
