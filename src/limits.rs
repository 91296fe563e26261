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
    /// Bytes of one path or link target, also in facts and in a list of sources; no file system of today takes longer ones.
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
    /// Bytes of memory for places in a compressed archive from which it can be unpacked again, each of 48 KiB. They lie 4 MiB apart,
    /// and further in segment stores of more than 250 MB. Where there can be none, for what was unpacked.
    pub restart_bytes_max: usize,
    /// Bytes of memory for what was unpacked again and may be wanted once more.
    pub stretch_bytes_max: usize,
    /// Bytes of one gzip or zip that are unpacked again to look up segments. A forged store can ask for what lies far apart.
    pub repeated_bytes_max: u64,
    /// The same of an archive that can be unpacked from its start alone: seconds for zstd, a minute or more for xz and bzip2.
    pub rewound_bytes_max: u64,
    /// Links remembered of one source.
    pub links_max: usize,
    /// Gaps reported of one source; further ones are counted in one line.
    pub gaps_max: usize,
    /// Bytes that one packed log may unpack to.
    pub log_bytes_max: u64,
    /// Bytes that one packed log may unpack to for each of its own. Logs shrink to a tenth, at most to a fiftieth.
    pub log_ratio_max: u64,
    /// Bytes that one packed log may unpack to, however small it is.
    pub log_unratioed_bytes_max: u64,
    /// Settings that are kept of one file; as many variables, and as many names of files.
    pub settings_max: usize,
    /// Bytes of those together. No real file has nearly as many.
    pub settings_bytes_max: usize,
    /// Commands inside the commands of a script that are looked at.
    pub substitutions_max: usize,
    /// Bytes of one of those.
    pub substitution_bytes_max: usize,
    /// Gaps that the settings of one install give.
    pub setting_gaps_max: usize,
    /// Files that one setting may include.
    pub includes_max: usize,
    /// Installs of one source that a file of none of them is compared with.
    pub compared_installs_max: usize,
    /// Directories of one path that a script may name.
    pub script_path_parts_max: usize,
    /// Gaps of a source that all its snapshots together repeat. Of 1,000 instances each would have all gaps of them all.
    pub shared_gaps_max: usize,
    /// Links that are followed on one way before they count as a loop. Linux allows as many.
    pub link_hops_max: usize,
    /// Links of which it is kept where they lead: each may lead to a path of 4 KiB.
    pub known_links_max: usize,
    /// Links to one target, and to what is above it, that are followed. Each has everything below the target read once more.
    pub aliases_max: usize,
    /// Links beside the installs of a source that are looked at, and links named like archives: where one leads may take long to
    /// tell.
    pub claiming_links_max: usize,
    /// Links around the installs of a source that are looked at to see which install they name.
    pub root_links_max: usize,
    /// Links that are kept of one install.
    pub root_links_kept_max: usize,
    /// Directories with logs that are remembered, to be found where a link leads to one.
    pub log_directories_max: usize,
    /// Entries behind links of an archive of which it is found out where they come to lie. Packed from a disk, an archive has none.
    pub written_through_max: usize,
    /// Directories that are kept to find empty ones in the place of an instance, of those with files and of those without each.
    pub hollow_directories_max: usize,
    /// Directories between one that holds several instances and their installs.
    pub hollow_depth_max: usize,
    /// Files of a directory beside instances that holds no more than a note of what failed.
    pub hollow_notes_max: u8,
    /// Nodes of a folder of a repository that are looked at for configurations. A busy farm has some hundred.
    pub jcr_children_max: u64,
    /// Configurations that are read in a repository.
    pub jcr_configurations_max: usize,
    /// Revisions of a segment store that are looked at for older keys, altogether.
    pub revisions_max: usize,
    /// Segments that the past of one store may cost, and as many its configurations.
    pub past_segments_max: u64,
    /// Revisions of those that are looked at evenly over the journal.
    pub revision_samples_max: usize,
    /// Revisions in a row without their segments after which all older ones are taken to be gone.
    pub revisions_gone_max: usize,
    /// Checkpoints of a segment store that are looked at. An instance has a handful, unless something keeps them from being given
    /// up.
    pub checkpoints_max: usize,
    /// Keys of all sources of a run that are held to be tried on protected values.
    pub masters_max: usize,
    /// Protected values of all sources of a run that are held to be tried.
    pub secrets_max: usize,
    /// Bytes of those together, as they stand in files.
    pub secrets_bytes_max: usize,
    /// Characters of one of them. A private key in PEM has about 3,500.
    pub secret_chars_max: usize,
    /// Keys that are tried on values, each once: half a second.
    pub secret_trials_max: usize,
    /// Sources that wait until all of a run are read, since keys of other ones may open their secrets.
    pub waiting_sources_max: usize,
    /// Runs of which saved facts say what they tried on the secrets of an instance.
    pub secret_runs_max: usize,
    /// Nodes of a repository that are visited for protected values.
    pub secret_nodes_max: u64,
    /// Segments that they may cost.
    pub secret_segments_max: u64,
    /// Bytes of one configuration file in a repository that is read for protected values.
    pub secret_file_bytes_max: u64,
    /// Bytes of those together.
    pub secret_files_bytes_max: u64,
    /// Protected values that are told of one repository.
    pub stored_secrets_max: usize,
    /// Read users. A choice rather than a bound: it costs time in proportion to their number, and where encapsulated tokens are on alone.
    pub users: bool,
    /// Users of a repository of which a digest each is kept.
    pub users_max: usize,
    /// Nodes of folders and users that are visited.
    pub user_nodes_max: u64,
    /// Those of which it is known where they are and that are not visited yet: 100 bytes of memory each.
    pub user_nodes_waiting_max: u64,
    /// Segments that they may cost: a store of 1 GiB.
    pub user_segments_max: u64,
    /// Nodes of folders and users that are visited for key stores where users are not counted. Without customers or a community a
    /// repository has some hundred.
    pub key_store_nodes_max: u64,
    /// Segments that they may cost.
    pub key_store_segments_max: u64,
    /// Files of a directory that are kept open. A segment store may have thousands.
    pub open_files_max: usize,
    /// Folders below a folder of uploads that are looked into.
    pub folders_max: usize,
    /// Folders one in the other that are looked into below a folder of uploads.
    pub folder_depth_max: usize,
    /// Files of a folder that may be uploads and are not known to be: a folder may be a whole disk.
    pub folder_files_max: usize,
    /// Links in a folder that are reported one by one.
    pub folder_links_max: usize,
    /// Entries of a directory outside the folder, to which a link leads, that are looked at.
    pub linked_entries_max: usize,
    /// Bytes that are read of a file in a folder to judge by. There may be thousands of files.
    pub peek_bytes_max: u64,
    /// Bytes to which a file in a folder is unpacked to see what is in it.
    pub probe_bytes_max: u64,
    /// Names of an archive in a folder that are looked at to see what is in it.
    pub probe_entries_max: u64,
    /// Entries of a packed log that are looked at to see whether it is an archive: `tar -C DIR .` begins with `./`, which has no name.
    pub probe_first_entries_max: u64,
    /// Bytes from the start of a program in which an archive follows it; those of 7-Zip and `WinRAR` have up to 400 KiB.
    pub wrapping_program_bytes_max: usize,
    /// Bytes of a mail that are looked through for an archive. Servers take less.
    pub mail_bytes_max: u64,
    /// Entries of a directory that are looked through for a name like the one that is missing.
    pub like_names_max: usize,
    /// Characters of a name that are compared with the one that is missing.
    pub like_name_chars_max: usize,
    /// Bytes from which on a plain tar is jumped over rather than read through. Of a 2-GB install, cold, 256 KiB read 43 % of
    /// the file and took twice as long as 64 KiB with 15 %: reading through wakes the kernel's read-ahead.
    pub jump_bytes_min: u64,
    /// Read logs. A choice rather than a bound: logs add signs of trouble and can only leave a verdict open, and a plain tar without them is
    /// jumped through.
    pub logs: bool,
    /// Take the SHA-256 of sources. A choice rather than a bound: a plain tar, and a zip, are then read to the last byte.
    pub digests: bool,
    /// Threads that may work on one source: others read a file, or unpack it, while the first walks what came of it. Nothing of the outcome
    /// depends on it.
    pub source_threads_max: usize,
    /// Bytes of a report whose sources are verified. One of 100,000 instances has 2 GB; only what it says of its sources is kept.
    pub report_bytes_max: u64,
    /// Bytes of a policy.
    pub policy_bytes_max: u64,
    /// Bytes of a baseline: about 200,000 findings.
    pub baseline_bytes_max: u64,
    /// Bytes of a list of sources.
    pub list_bytes_max: u64,
    /// Lines of a list of sources, empty ones too.
    pub list_lines_max: usize,
    /// Directory depth below a source.
    pub depth_max: usize,
    /// Bytes of one line of a file of saved facts. An instance with 600 bundles has about 400 KB.
    pub line_bytes_max: usize,
    /// Bytes of lines of saved facts that are parsed at once, on all cores. What they become takes about six times as much.
    pub lines_bytes_max: usize,
    /// Lines of one file of saved facts that are no facts, before the rest of it is left alone.
    pub bad_lines_max: usize,
    /// Bundles of an instance of saved facts that are put together from lines which others share, and for each bundle in such a line
    /// as many as the next bound says. AEM has about 600.
    pub instance_bundles_max: usize,
    /// How many times a bundle in a line of saved facts that instances share is put together, beside those.
    pub shared_bundles_max: usize,
    /// Findings of one rule on the same instances that are reported one by one. Six or more become one finding with the repair of the
    /// first five: an install whose 600 `bundle.info` are cut has one fault, not 600.
    pub findings_alike_max: usize,
    /// Things of one kind that one finding names or has a step for; the rest is counted.
    pub listed_max: usize,
    /// Farms that text for people shows one after the other; of more it says what they have in common.
    pub full_farms_max: usize,
    /// Lines of each list of such an overview.
    pub overview_lines_max: usize,
    /// Instances of several farms on one page that shows them all unfolded.
    pub unfolded_instances_max: usize,
    /// Places of a finding that stands for several; the rest is counted.
    pub places_max: usize,
    /// Results in SARIF, which GitHub refuses with more of them in one run.
    pub sarif_results_max: usize,
    /// Locations of one of these, in the same way.
    pub sarif_locations_max: usize,
    /// Snapshots with which one is compared to tell whether both may show one instance.
    pub compared_max: usize,
    /// Blank cells of a CSV in which farms share the columns.
    pub csv_blanks_max: usize,
    /// Keys of other farms that are reported to the farms which share them and must not, all together.
    pub sharing_max: usize,
    /// Gaps that are reported to farms, all together; each is told of a few in any case. A damaged source may have held an instance of any
    /// farm of a policy.
    pub farm_gaps_max: usize,
    /// Cells of the bundle map of a farm. 1,000 instances with 700 bundles have 700,000.
    pub bundle_cells_max: usize,
    /// Cells of the bundle map of a farm that are shown; the bundles of the rest are counted.
    pub bundle_cells_shown_max: usize,
    /// Farms of a policy, of which each is judged and told of whether it came or not.
    pub policy_farms_max: usize,
    /// Times that a policy says which farms must differ. Each may name all farms.
    pub differs_max: usize,
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
    /// Says which bounds that the user may set on reading are not as usual: what was read under others may be less.
    pub fn unusual_reading(&self) -> Option<String> {
        let usual = Self::DEFAULT;
        let numbers = [
            ("max-unpacked", self.unpacked_bytes_max, usual.unpacked_bytes_max),
            ("max-entries", self.entries_max, usual.entries_max),
            ("max-nesting", self.nesting_max.into(), usual.nesting_max.into()),
            ("max-window", self.window_bytes_max, usual.window_bytes_max),
        ];
        let unusual = numbers.into_iter().filter(|(_, own, usual)| own != usual);
        let unusual = unusual.map(|(name, own, _)| format!("{name}={own}"));
        let choices =
            [(!self.logs, "no-logs"), (!self.users, "no-users"), (self.digests, "digests")];
        let choices = choices.into_iter().filter(|(is_made, _)| *is_made);
        let choices = choices.map(|(_, name)| name.to_owned());
        let all: Vec<String> = choices.chain(unusual).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }

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
        restart_bytes_max: 3 << 20,
        stretch_bytes_max: 1 << 20,
        repeated_bytes_max: 32 << 30,
        rewound_bytes_max: 4 << 30,
        links_max: 10_000,
        gaps_max: 100,
        log_bytes_max: 16 << 30,
        log_ratio_max: 400,
        log_unratioed_bytes_max: 4 << 20,
        settings_max: 256,
        settings_bytes_max: 32 << 10,
        substitutions_max: 256,
        substitution_bytes_max: 1024,
        setting_gaps_max: 100,
        includes_max: 64,
        compared_installs_max: 64,
        script_path_parts_max: 64,
        shared_gaps_max: 4_000,
        link_hops_max: 40,
        known_links_max: 1_000,
        aliases_max: 64,
        claiming_links_max: 100,
        root_links_max: 1_000,
        root_links_kept_max: 16,
        log_directories_max: 1_000,
        written_through_max: 100,
        hollow_directories_max: 20_000,
        hollow_depth_max: 4,
        hollow_notes_max: 3,
        jcr_children_max: 2_000,
        jcr_configurations_max: 256,
        revisions_max: 128,
        past_segments_max: 512,
        revision_samples_max: 64,
        revisions_gone_max: 3,
        checkpoints_max: 64,
        masters_max: 10_000,
        secrets_max: 100_000,
        secrets_bytes_max: 16 << 20,
        secret_chars_max: 8 << 10,
        secret_trials_max: 2_000_000,
        waiting_sources_max: 256,
        secret_runs_max: 64,
        secret_nodes_max: 100_000,
        secret_segments_max: 256,
        secret_file_bytes_max: 64 << 10,
        secret_files_bytes_max: 2 << 20,
        stored_secrets_max: 1_000,
        users: true,
        users_max: 1_000_000,
        user_nodes_max: 5_000_000,
        user_nodes_waiting_max: 2_000_000,
        user_segments_max: 8_192,
        key_store_nodes_max: 1_000,
        key_store_segments_max: 16,
        open_files_max: 8,
        folders_max: 10_000,
        folder_depth_max: 8,
        folder_files_max: 1_000,
        folder_links_max: 1_000,
        linked_entries_max: 1_000,
        peek_bytes_max: 1 << 10,
        probe_bytes_max: 1 << 20,
        probe_entries_max: 100_000,
        probe_first_entries_max: 100,
        wrapping_program_bytes_max: 1 << 20,
        mail_bytes_max: 64 << 20,
        like_names_max: 1_000,
        like_name_chars_max: 100,
        jump_bytes_min: 64 << 10,
        logs: true,
        digests: false,
        source_threads_max: 1,
        report_bytes_max: 4 << 30,
        policy_bytes_max: 8 << 20,
        baseline_bytes_max: 64 << 20,
        list_bytes_max: 256 << 20,
        list_lines_max: 1_000_000,
        depth_max: 64,
        line_bytes_max: 64 << 20,
        lines_bytes_max: 4 << 20,
        bad_lines_max: 20,
        instance_bundles_max: 2000,
        shared_bundles_max: 16,
        findings_alike_max: 5,
        listed_max: 10,
        full_farms_max: 10,
        overview_lines_max: 100,
        unfolded_instances_max: 200,
        places_max: 100,
        sarif_results_max: 25_000,
        sarif_locations_max: 1_000,
        compared_max: 100,
        csv_blanks_max: 1_000_000,
        sharing_max: 100_000,
        farm_gaps_max: 100_000,
        bundle_cells_max: 1_000_000,
        bundle_cells_shown_max: 200_000,
        policy_farms_max: 20_000,
        differs_max: 100,
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

    /// Returns `true` if it is the size of a source that bounds what it may unpack to.
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
