//! Progress: on a terminal bytes read and the sources being read, elsewhere a line a minute.

use super::args::Scan;
use crate::intake::{NoWatch, Source, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, available_parallelism};
use std::time::Duration;

/// Sources named at a time.
const NAMES_MAX: usize = 3;

/// Shows progress while sources are read.
pub(super) fn watched<T>(
    scan: &Scan,
    sources: &[Source],
    read: &dyn Fn(&dyn Watch, usize) -> T,
) -> T {
    let threads =
        scan.reading.threads.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));
    let bytes = sources.iter().map(Source::stored_bytes).fold(0, u64::saturating_add);
    let is_wanted = !scan.output.no_progress && !scan.output.quiet;
    if let Some(bar) = Bar::new(bytes, is_wanted) {
        let read = read(&bar, threads);
        bar.clear();
        return read;
    }
    if is_wanted {
        read(&Ticks::new(sources.len(), bytes), threads)
    } else {
        read(&NoWatch, threads)
    }
}

/// A bar on standard error.
pub(super) struct Bar {
    bar: ProgressBar,
    current: Mutex<Vec<String>>,
}

impl Bar {
    /// Makes a bar over so many bytes; `None` where nobody would see it.
    pub(super) fn new(bytes: u64, wanted: bool) -> Option<Self> {
        if !wanted || !stderr().is_terminal() {
            return None;
        }
        let style =
            ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {eta} {wide_msg}").ok()?;
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(8));
        Some(Self { bar: bar.with_style(style), current: Mutex::default() })
    }

    /// Wipes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn change(&self, change: impl FnOnce(&mut Vec<String>)) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut current);
        let names: Vec<&str> = current.iter().take(NAMES_MAX).map(String::as_str).collect();
        self.bar.set_message(crate::report::printable(&names.join(", ")).into_owned());
    }
}

impl Watch for Bar {
    fn started(&self, source: &str, _: u64) {
        self.change(|current| current.push(source.to_owned()));
    }

    fn advanced(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn finished(&self, source: &str) {
        self.change(|current| current.retain(|name| name != source));
    }
}

/// Time between two lines where there is no terminal. A run of hours is a page of them.
const MINUTE: Duration = Duration::from_mins(1);

/// Lines on standard error, one a minute.
pub(super) struct Ticks {
    counts: Arc<UploadCounts>,
    /// Ends the thread that writes when it is dropped.
    end: Option<Sender<()>>,
    writer: Option<JoinHandle<()>>,
}

/// What was read so far.
#[derive(Default)]
struct UploadCounts {
    sources: AtomicU64,
    bytes: AtomicU64,
}

impl Ticks {
    /// Begins, for so many sources of so many bytes.
    pub(super) fn new(sources: usize, bytes: u64) -> Self {
        Self::every(MINUTE, move |counts: &UploadCounts| {
            let [read, done] =
                [&counts.bytes, &counts.sources].map(|count| count.load(Ordering::Relaxed));
            // Standard input has no size, so what is read of it may be more than all.
            let percent = read.saturating_mul(100).checked_div(bytes).unwrap_or_default().min(100);
            super::tell(&format!("{done} of {sources} sources read, {percent} % of the bytes"));
        })
    }

    fn every(time: Duration, write: impl Fn(&UploadCounts) + Send + 'static) -> Self {
        let counts = Arc::new(UploadCounts::default());
        let (end, ended) = mpsc::channel();
        let seen = Arc::clone(&counts);
        let work = move || {
            while ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                write(&seen);
            }
        };
        // Without a thread to be had, nothing is reported.
        let writer = thread::Builder::new().spawn(work).ok();
        Self { counts, end: Some(end), writer }
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        drop(self.end.take());
        // A line that is being written is written before others.
        let _ended: Option<thread::Result<()>> = self.writer.take().map(JoinHandle::join);
    }
}

impl Watch for Ticks {
    fn started(&self, _: &str, _: u64) {}

    fn advanced(&self, bytes: u64) {
        self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn finished(&self, _: &str) {
        self.counts.sources.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_written_again_and_again_until_the_end() {
        let (send, lines) = mpsc::channel();
        let ticks = Ticks::every(Duration::from_millis(1), move |counts| {
            let _gone = send.send(counts.sources.load(Ordering::Relaxed));
        });
        ticks.finished("a");
        while lines.recv().unwrap() < 1 {}
        drop(ticks);
        while lines.recv().is_ok() {}
    }
}
