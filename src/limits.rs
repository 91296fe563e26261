//! Every bound on what the tool will read, in one place.

/// Bounds that keep time and memory finite on hostile input. Reaching one is a gap, never a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that one source may unpack to.
    pub unpacked_bytes_max: u64,
    /// Bytes that one source may unpack to for each byte of it. A gzip cannot reach this, and an install is packed to a third; only what
    /// is compressed twice, or nothing but repetition in zstd, xz or bzip2, comes to more.
    pub ratio_max: u64,
    /// Bytes that one source may unpack to, however small it is.
    pub unratioed_bytes_max: u64,
    /// Entries that one source may have.
    pub entries_max: u64,
    /// Compressions around one archive: a gzip of a gzip of a tar has two.
    pub nesting_max: u32,
    /// Archives around an archive inside a source. Each is bounded by itself.
    pub inner_depth_max: u32,
    /// Archives that are opened inside one source.
    pub inner_archives_max: u32,
    /// Bytes of unpacked data that a decoder may have to look back on. It keeps them in memory, up to twice. `zstd -19` and `xz -6`
    /// need 8 MiB, `zstd --long` and `xz -9` more.
    pub window_bytes_max: u64,
    /// Bytes of one tar extension header (long name, PAX record); larger ones are skipped unread.
    pub extension_bytes_max: u64,
    /// Bytes of one path or link target; no file system of today takes longer ones.
    pub path_bytes_max: usize,
    /// Bytes of one user name; a longer one is left out.
    pub user_bytes_max: usize,
    /// Bytes of zeros behind an archive that pass for padding. Tar pads to a record of 10 KiB, and to at most 1 MiB as it is
    /// usually told; a download that failed leaves more.
    pub padding_bytes_max: u64,
    /// Bytes of zeros in a row that are read in a tar. A disk image or a file that was made in full length has nothing else.
    pub zeros_bytes_max: u64,
    /// Evidence entries kept of one source. A full install has about 2,500.
    pub evidence_max: usize,
    /// Bytes remembered of one source: of names of evidence, links, archives and homes, of settings, and of configurations. A full
    /// install has about 300 KB.
    pub names_bytes_max: usize,
    /// Instances of one source. A farm has tens.
    pub instances_max: usize,
    /// Files of segment stores remembered of one source. They grow to 256 MB each, so this is a store of 2.5 TB.
    pub segment_files_max: usize,
    /// Bytes of memory for places in a compressed archive from which it can be unpacked again, each of 43 KiB. They lie 4 MiB apart,
    /// and further in the segment stores of archives of more than 1.5 GB.
    pub checkpoint_bytes_max: usize,
    /// Bytes of memory for what was unpacked again and may be wanted once more.
    pub stretch_bytes_max: usize,
    /// Bytes of one source that are unpacked yet again to go back in it. A forged store can ask for what lies far apart.
    pub repeated_bytes_max: u64,
    /// Unpacked bytes within which a segment store has to end to be read though its instance does not work with it. Leftover keys are
    /// worth a warning, not twice the time.
    pub idle_store_end_max: u64,
    /// Links remembered of one source.
    pub links_max: usize,
    /// Gaps reported of one source; further ones are counted in one line.
    pub gaps_max: usize,
    /// Bytes from which on a plain tar is jumped over rather than read through. Of a 2-GB install, cold, 256 KiB read 43 % of
    /// the file and took twice as long as 64 KiB with 15 %: reading through wakes the kernel's read-ahead.
    pub jump_bytes_min: u64,
    /// Read logs. A choice rather than a bound: logs add signs of trouble and can only leave a verdict open, and a plain tar without them is
    /// jumped through.
    pub logs: bool,
    /// Bytes of a policy.
    pub policy_bytes_max: u64,
    /// Bytes of a baseline: about 200,000 findings.
    pub baseline_bytes_max: u64,
    /// Directory depth below a source.
    pub depth_max: usize,
    /// Bytes of one line of a file of saved facts. An instance with 600 bundles has about 400 KB.
    pub line_bytes_max: usize,
    /// Lines of one file of saved facts that are no facts, before the rest of it is left alone.
    pub bad_lines_max: usize,
    /// Findings of one rule on the same instances that are told one by one. Six or more become one finding with the repair of the
    /// first five: an install whose 600 `bundle.info` are cut has one fault, not 600.
    pub findings_alike_max: usize,
    /// Things of one kind that one finding names or has a step for; the rest is counted.
    pub listed_max: usize,
    /// Places of a finding that stands for several; the rest is counted.
    pub places_max: usize,
    /// Snapshots with which one is compared to tell whether both may show one instance.
    pub compared_max: usize,
    /// Keys of other farms that are told to the farms which share them and must not, all together.
    pub sharing_max: usize,
    /// Cells of the bundle map of a farm. 1,000 instances with 700 bundles have 700,000.
    pub bundle_cells_max: usize,
    /// Cells of the bundle map of a farm that are shown; the bundles of the rest are counted.
    pub bundle_cells_shown_max: usize,
    /// Globs in a policy, each a program in memory; a name without wildcards is none.
    pub globs_max: usize,
    /// Bytes of all globs in a policy: a program takes up to 200 times as much memory as its text.
    pub globs_bytes_max: usize,
    /// Bytes of a template.
    pub template_bytes_max: u64,
    /// Words and signs in the tags of a template. The engine goes one call deeper for each, where they are nested.
    pub template_words_max: usize,
    /// Steps of a template, whatever it is given: an instruction is one, and so are 64 bytes that it makes.
    pub template_steps_max: u64,
    /// Further steps of a template for each value in the report that it is given.
    pub template_value_steps_max: u64,
    /// Bytes of the stack on which a template is read and rendered.
    pub template_stack_bytes: usize,
}

impl Limits {
    /// What every run starts with. What no option changes is used from here.
    pub const DEFAULT: Self = Self {
        unpacked_bytes_max: 1 << 40,
        ratio_max: 2_000,
        unratioed_bytes_max: 4 << 30,
        entries_max: 50_000_000,
        nesting_max: 2,
        inner_depth_max: 2,
        inner_archives_max: 1_000,
        window_bytes_max: 8 << 20,
        extension_bytes_max: 1 << 20,
        path_bytes_max: 4096,
        user_bytes_max: 256,
        padding_bytes_max: 1 << 20,
        zeros_bytes_max: 1 << 30,
        names_bytes_max: 12 << 20,
        evidence_max: 100_000,
        instances_max: 1_000,
        segment_files_max: 10_000,
        checkpoint_bytes_max: 16 << 20,
        stretch_bytes_max: 4 << 20,
        repeated_bytes_max: 32 << 30,
        idle_store_end_max: 1 << 30,
        links_max: 10_000,
        gaps_max: 100,
        jump_bytes_min: 64 << 10,
        logs: true,
        policy_bytes_max: 1 << 20,
        baseline_bytes_max: 64 << 20,
        depth_max: 64,
        line_bytes_max: 64 << 20,
        bad_lines_max: 20,
        findings_alike_max: 5,
        listed_max: 10,
        places_max: 100,
        compared_max: 100,
        sharing_max: 100_000,
        bundle_cells_max: 1_000_000,
        bundle_cells_shown_max: 200_000,
        globs_max: 2_000,
        globs_bytes_max: 64 << 10,
        template_bytes_max: 1 << 20,
        template_words_max: 10_000,
        template_steps_max: 1_000_000,
        template_value_steps_max: 50,
        template_stack_bytes: 32 << 20,
    };

    /// Returns how many bytes a source of so many stored ones may unpack to.
    pub fn unpacked_max(&self, stored_bytes: u64) -> u64 {
        self.ratioed_max(stored_bytes).min(self.unpacked_bytes_max)
    }

    /// Says whether it is the size of a source that bounds what it may unpack to.
    pub fn is_ratioed(&self, stored_bytes: u64) -> bool {
        self.ratioed_max(stored_bytes) < self.unpacked_bytes_max
    }

    fn ratioed_max(&self, stored_bytes: u64) -> u64 {
        self.ratio_max.saturating_mul(stored_bytes).max(self.unratioed_bytes_max)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
