//! Places in an unpacked stream from which unpacking can go on, so that a byte in the middle of it does not cost all bytes before.

use super::codec::{Codec, StreamState};
use super::inflater::Inflater;
use crate::limits::Limits;
use std::collections::VecDeque;
use std::ops::Range;

/// Bytes before the end of a large file where there is always a place: a file of segments has its index there, which is read first.
const TAIL_BYTES: u64 = 256 << 10;

/// Bytes between two places, at first: unpacking so much takes a hundredth of a second, and copying a state for it 0.3 % of that.
const SPACING_BYTES: u64 = 4 << 20;

/// One place.
pub(super) struct Restart<C> {
    /// Compressed bytes before it.
    pub(super) compressed: u64,
    /// Unpacked bytes before it.
    pub(super) unpacked: u64,
    /// Where in its stream it lies.
    pub(super) state: StreamState,
    /// A copy that decodes from here on.
    pub(super) codec: C,
    /// It stays when places grow sparse.
    pub(super) stays: bool,
}

/// The places of one stream, as many as memory allows.
pub(super) struct Restarts<C> {
    /// Sorted.
    places: Vec<Restart<C>>,
    /// What will be read again, as far as it matters for the last places; sorted.
    wanted: VecDeque<Range<u64>>,
    /// Anything was wanted at all; `wanted` forgets what does not matter any more.
    is_wanted: bool,
    /// Where the ends begin of the files that will be read again; sorted.
    tails: VecDeque<u64>,
    /// Bytes between two places, at least.
    spacing: u64,
    places_max: usize,
}

impl<C: Codec> Restarts<C> {
    pub(super) fn new(limits: &Limits) -> Self {
        Self::of(limits.restart_bytes_max)
    }

    /// Makes room for places that take so many bytes of memory; two at least.
    pub(super) fn of(bytes_max: usize) -> Self {
        Self {
            places: Vec::new(),
            wanted: VecDeque::new(),
            is_wanted: false,
            tails: VecDeque::new(),
            // The length of what a gzip unpacks to is not known before its end, so places begin dense and are thinned out.
            spacing: SPACING_BYTES,
            places_max: (bytes_max / Inflater::MEMORY_BYTES).max(2),
        }
    }

    /// Says that these unpacked bytes will be read again. Ranges come in order, and soon after unpacking has come to them.
    pub(super) fn want(&mut self, range: Range<u64>) {
        self.is_wanted = true;
        if range.end.saturating_sub(range.start) > self.spacing {
            self.tails.push_back(range.end.saturating_sub(TAIL_BYTES));
        }
        match self.wanted.back_mut() {
            Some(last) if range.start <= last.end.saturating_add(self.spacing) => {
                last.end = last.end.max(range.end);
            }
            _ => self.wanted.push_back(range),
        }
    }

    /// Returns `true` if anything will be read again.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Returns where the last of it ends.
    pub(super) fn wanted_end(&self) -> u64 {
        self.wanted.back().map_or(0, |range| range.end)
    }

    /// Returns `true` if there is no place near enough before this one, or if the end of a file begins.
    pub(super) fn is_due(&self, unpacked: u64) -> bool {
        let last = self.before(unpacked).map_or(0, |place| place.unpacked);
        unpacked.saturating_sub(last) >= self.spacing || self.is_tail(unpacked)
    }

    fn is_tail(&self, unpacked: u64) -> bool {
        self.tails.front().is_some_and(|tail| *tail <= unpacked)
    }

    /// Returns the last place from which one comes to this.
    pub(super) fn before(&self, unpacked: u64) -> Option<&Restart<C>> {
        let behind = self.places.partition_point(|place| place.unpacked <= unpacked);
        behind.checked_sub(1).and_then(|at| self.places.get(at))
    }

    /// Adds a place. When there are too many, every second one is given up and the next ones lie further apart, so that the length of
    /// the stream need not be known.
    pub(super) fn add(&mut self, mut place: Restart<C>) {
        while self.is_tail(place.unpacked) {
            self.tails.pop_front();
            place.stays = true;
        }
        let at = self.places.partition_point(|other| other.unpacked <= place.unpacked);
        if at == self.places.len() {
            self.drop_unwanted();
        }
        let at = at.min(self.places.len());
        self.places.insert(at, place);
        if self.places.len() > self.places_max {
            self.thin();
        }
    }

    fn thin(&mut self) {
        let stay = self.places.iter().filter(|place| place.stays).count();
        // Ends of files stay while they leave half of the room. Those of a store of thousands of files would fill it.
        let may_stay = stay <= self.places_max / 2;
        let mut even = true;
        self.places.retain(|place| {
            even = !even;
            even || (may_stay && place.stays)
        });
        self.spacing = self.spacing.saturating_mul(2);
    }

    /// Gives up the last place but one where nothing behind it is wanted. The last one is kept: what is announced now may begin
    /// behind it.
    fn drop_unwanted(&mut self) {
        let [.., before, last] = self.places.as_slice() else { return };
        let (start, end) = (before.unpacked, last.unpacked);
        while self.wanted.front().is_some_and(|range| range.end <= start) {
            self.wanted.pop_front();
        }
        if self.wanted.front().is_none_or(|range| range.start >= end) {
            let at = self.places.len().saturating_sub(2);
            self.places.remove(at);
        }
    }
}

#[cfg(test)]
impl<C> Restarts<C> {
    /// Returns the places, in bytes before them.
    pub(super) fn places(&self) -> Vec<u64> {
        self.places.iter().map(|place| place.unpacked).collect()
    }

    pub(super) fn set_spacing(&mut self, bytes: u64) {
        self.spacing = bytes;
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::intake::gzip::Gunzip;

    /// Marks a stream at every hundredth byte, and tells at each what will be read again.
    fn marked(most: usize, wanted: &[(u64, Range<u64>)]) -> Vec<u64> {
        let mut restarts = Restarts::of(most * Inflater::MEMORY_BYTES);
        restarts.set_spacing(100);
        for unpacked in (100..=2_000).step_by(100) {
            if restarts.is_due(unpacked) {
                let codec = Gunzip::new();
                let (state, stays) = (StreamState::Body, false);
                restarts.add(Restart { compressed: 0, unpacked, state, codec, stays });
            }
            for (_, range) in wanted.iter().filter(|(at, _)| *at == unpacked) {
                restarts.want(range.clone());
            }
        }
        restarts.places()
    }

    #[test]
    fn places_are_kept_where_something_is_wanted_and_in_front_of_it() {
        assert_eq!(marked(99, &[]), [1_900, 2_000]);
        // Announced a little late, as by a scanner that reads ahead.
        let wanted = [(500, 450..720), (1_200, 1_150..1_160)];
        assert_eq!(marked(99, &wanted), [400, 500, 600, 700, 1_100, 1_900, 2_000]);
    }

    #[test]
    fn end_of_a_large_file_has_a_place_that_stays() {
        let mut restarts = Restarts::of(20 * Inflater::MEMORY_BYTES);
        restarts.want(0..100 << 20);
        for unpacked in (0..100_u64 << 20).step_by(128 << 10) {
            if restarts.is_due(unpacked) {
                let (state, stays, codec) = (StreamState::Body, false, Gunzip::new());
                restarts.add(Restart { compressed: 0, unpacked, state, codec, stays });
            }
        }
        let places = restarts.places();
        assert!(places.len() <= 20 && places.contains(&((100 << 20) - TAIL_BYTES)), "{places:?}");
    }

    #[test]
    fn places_grow_sparse_when_there_are_too_many() {
        let places = marked(6, &[(100, 0..9_000)]);
        assert!((3..=6).contains(&places.len()), "{places:?}");
        let gaps: Vec<_> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| (200..=400).contains(gap)), "{places:?}");
    }
}
